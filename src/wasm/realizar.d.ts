/** The kinds of errors, as `realizar::ErrorKind` has them. */
export type ErrorKind =
  | 'invalid_argument'
  | 'invalid_file'
  | 'unsupported'
  | 'io'
  | 'out_of_memory'
  | 'limit_exceeded'
  | 'invalid_template'
  | 'internal';

/** What every call rejects with, but for aborted ones. `message` is a sentence for people. */
export class RealizarError extends Error {
  readonly kind: ErrorKind;
}

export interface LoadOptions {
  /** Positions of the longest sequence; 0 (default): what the model was trained for, at most 8192. */
  context?: number;
  /** `fast` (default): integer products. `exact`: f32 activations, with the bits of the native program. */
  arithmetic?: 'fast' | 'exact';
  /** Default: all cores where the page is cross-origin isolated, else 1. */
  threads?: number;
  /** Called with bytes, first as they come, then as they are packed. */
  onProgress?: (progress: { stage: 'download' | 'load'; loaded: number; total: number }) => void;
  /** Ends the loading; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface ModelInfo {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  /** Of the file. */
  readonly bytes: number;
  /** Bytes of weights, cache and activations. */
  readonly memory: number;
  readonly context: number;
  readonly threads: number;
  readonly arithmetic: 'fast' | 'exact';
  readonly hasChatTemplate: boolean;
}

export interface GenerateOptions {
  /** Default: until the model ends or the context is full. */
  maxTokens?: number;
  /** Default 0.8; 0: always the most probable token. */
  temperature?: number;
  /** Default 40; 0: off. */
  topK?: number;
  /** Default 0.95; 1: off. */
  topP?: number;
  /** Default 0.05; 0: off. */
  minP?: number;
  /** Default 1: off. */
  repeatPenalty?: number;
  /** Default: a fresh one. */
  seed?: number;
  /** Texts that end the generation and are not shown. */
  stop?: string[];
  /** Ends the generation: the iteration ends, and `finishReason` is `cancelled`. */
  signal?: AbortSignal;
}

export interface GenerationResult {
  finishReason: 'stop' | 'length' | 'cancelled';
  promptTokens: number;
  tokens: number;
  promptTokensPerSecond: number;
  tokensPerSecond: number;
}

/** Text as it is generated, in whole characters. Leaving the loop cancels. */
export interface Generation extends AsyncIterable<string> {
  readonly result: Promise<GenerationResult>;
  cancel(): void;
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | (string & {});
  content: string;
}

/** A model in a worker of its own. One generation at a time. */
export interface Model {
  readonly info: ModelInfo;
  tokenize(text: string, options?: { /** Parse texts of special tokens. */ special?: boolean }): Promise<Int32Array>;
  detokenize(ids: Iterable<number>): Promise<string>;
  /** Continues a text. */
  generate(prompt: string, options?: GenerateOptions): Generation;
  /** Answers a conversation, written by the model's template. */
  chat(messages: ChatMessage[], options?: GenerateOptions): Generation;
  /** Gives the memory back. */
  close(): void;
}

/**
 * Loads a GGUF file: a URL, a File or other Blob, or its bytes. Streams it, so that the weights are in memory once.
 * In node a URL may be a path.
 */
export function load(source: string | URL | Blob | ArrayBuffer | ArrayBufferView, options?: LoadOptions): Promise<Model>;
