// The engine for web pages and node: loads a GGUF file, generates text. realizar.d.ts has the types.

const inNode = typeof process === 'object' && Boolean(process.versions?.node);
const chunkBytes = 4 << 20;

export class RealizarError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = 'RealizarError';
    this.kind = kind;
  }
}

/** The worker that owns the engine, as calls that give promises. */
class Connection {
  #worker;
  #waiting = new Map();
  #lastId = 0;
  onevent = () => {};

  static async open() {
    const connection = new Connection();
    const url = new URL('./realizar_worker.js', import.meta.url);
    if (inNode) {
      const { Worker } = await import('node:worker_threads');
      const worker = (connection.#worker = new Worker(url));
      worker.on('message', (message) => connection.#take(message));
      worker.on('error', (error) => connection.#fail(error.message));
    } else {
      const worker = (connection.#worker = new Worker(url));
      worker.onmessage = ({ data }) => connection.#take(data);
      worker.onerror = (event) => connection.#fail(event.message || 'its script could not be loaded');
    }
    return connection;
  }

  call(call, argument, transfer = []) {
    if (!this.#worker) return Promise.reject(new RealizarError('invalid_argument', 'the model is closed'));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, argument }, transfer);
    });
  }

  close(reason = new RealizarError('invalid_argument', 'the model is closed')) {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #take({ id, value, error, ...event }) {
    if (id === undefined) return this.onevent(event);
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new RealizarError(error.kind, error.message));
    else resolve(value);
  }

  #fail(message) {
    this.close(new RealizarError('internal', `the engine stopped: ${message}`));
  }
}

/** A source as {name, bytes, chunks}: chunks is an iterable of Uint8Array that may be given away. */
async function open(source, signal) {
  if (source instanceof ArrayBuffer) source = new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    return { name: 'model', bytes: bytes.length, chunks: piecesOf(bytes) };
  }
  if (source instanceof Blob) return { name: source.name ?? 'model', bytes: source.size, chunks: slicesOf(source) };

  const url = new URL(source, inNode ? `file://${process.cwd()}/` : document.baseURI);
  const name = decodeURIComponent(url.pathname.split('/').pop()) || url.href;
  if (url.protocol === 'file:') {
    const { createReadStream } = await import('node:fs');
    const { stat } = await import('node:fs/promises');
    try {
      return { name, bytes: (await stat(url)).size, chunks: copiesOf(createReadStream(url, { highWaterMark: chunkBytes })) };
    } catch (error) {
      throw new RealizarError('io', `cannot read ${url.pathname}: ${error.message}`);
    }
  }
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new RealizarError('io', `cannot fetch ${url.href}: ${error.message}`);
  }
  if (!response.ok) throw new RealizarError('io', `cannot fetch ${url.href}: the server answered ${response.status} ${response.statusText}`);
  const length = response.headers.get('Content-Length');
  // How many bytes come is not known where none are announced or they are compressed on the way.
  if (!length || response.headers.get('Content-Encoding')) {
    const parts = [];
    let bytes = 0;
    for await (const part of streamOf(response.body)) {
      parts.push(part);
      bytes += part.length;
    }
    return { name, bytes, chunks: parts };
  }
  return { name, bytes: Number(length), chunks: streamOf(response.body) };
}

function* piecesOf(bytes) {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

async function* slicesOf(blob) {
  for (let at = 0; at < blob.size; at += chunkBytes) yield new Uint8Array(await blob.slice(at, at + chunkBytes).arrayBuffer());
}

async function* copiesOf(chunks) {
  for await (const chunk of chunks) yield new Uint8Array(chunk);
}

// Not every browser iterates over streams.
async function* streamOf(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function defaultThreads() {
  if (inNode) return (await import('node:os')).cpus().length;
  return globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}

/** What `generate` and `chat` give: iterate over it for the text, await `result` for the rest. */
class Generation {
  #connection;
  #texts = [];
  #wake = () => {};
  #ended = false;

  constructor(connection, request, signal) {
    this.#connection = connection;
    connection.onevent = ({ text }) => {
      this.#texts.push(text);
      this.#wake();
    };
    const cancel = () => this.cancel();
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    this.result = connection.call('generate', request).finally(() => {
      signal?.removeEventListener('abort', cancel);
      this.#ended = true;
      this.#wake();
    });
    // Who only iterates gets the error there.
    this.result.catch(() => {});
  }

  cancel() {
    this.#connection.call('cancel').catch(() => {});
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        while (this.#texts.length > 0) yield this.#texts.shift();
        if (this.#ended) break;
        await new Promise((resolve) => (this.#wake = resolve));
      }
      await this.result;
    } finally {
      if (!this.#ended) this.cancel();
    }
  }
}

class Model {
  #connection;
  #running = null;

  constructor(connection, info) {
    this.#connection = connection;
    this.info = Object.freeze(info);
  }

  async tokenize(text, { special = false } = {}) {
    return Int32Array.from(await this.#connection.call('tokenize', { text, special }));
  }

  detokenize(ids) {
    return this.#connection.call('detokenize', Array.from(ids));
  }

  generate(prompt, options = {}) {
    return this.#start({ prompt }, options);
  }

  chat(messages, options = {}) {
    return this.#start({ messages: messages.map(({ role, content }) => ({ role, content })) }, options);
  }

  close() {
    this.#connection.close();
  }

  #start(request, { signal, ...options }) {
    if (this.#running) throw new RealizarError('invalid_argument', 'the model is generating: await the result, or cancel it, before the next');
    const generation = (this.#running = new Generation(this.#connection, { ...options, ...request }, signal));
    const done = () => (this.#running = null);
    generation.result.then(done, done);
    return generation;
  }
}

export async function load(source, { context = 0, arithmetic = 'fast', threads, onProgress, signal } = {}) {
  signal?.throwIfAborted();
  threads ??= await defaultThreads();
  const connection = await Connection.open();
  const abort = () => connection.close(signal.reason);
  signal?.addEventListener('abort', abort);
  try {
    const base = new URL('./', import.meta.url);
    const folder = inNode ? (await import('node:url')).fileURLToPath(base) : base.href;
    await connection.call('start', { base: folder, threads });

    const { name, bytes, chunks } = await open(source, signal);
    await connection.call('begin', { name, bytes });
    let loaded = 0;
    for await (const chunk of chunks) {
      const { length } = chunk;
      await connection.call('append', { chunk }, [chunk.buffer]);
      loaded += length;
      onProgress?.({ stage: 'download', loaded, total: bytes });
    }
    connection.onevent = ({ done, total }) => onProgress?.({ stage: 'load', loaded: done, total });
    const info = await connection.call('load', { context, arithmetic, threads });
    return new Model(connection, { ...info, name: info.name || name, bytes, arithmetic });
  } catch (error) {
    connection.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
