// The worker that realizar.mjs starts: it owns the engine, whose calls block. Runs in browsers and in node.
'use strict';

const inNode = typeof importScripts !== 'function';
const port = inNode ? require('node:worker_threads').parentPort : self;

let engine;
let cancelled = false;

// Lets messages in between two batches. Timers of browsers wait 4 ms, which a token does not take.
const turns = inNode ? null : new MessageChannel();
const nextTurn = () =>
  new Promise((resolve) => {
    if (inNode) return setImmediate(resolve);
    turns.port1.onmessage = resolve;
    turns.port2.postMessage(null);
  });

/** What a call into the engine gave; throws what it says went wrong where it gave nothing. */
function checked(value) {
  if (value) return value;
  const { kind, message } = JSON.parse(engine.UTF8ToString(engine._realizar_error()));
  throw Object.assign(new Error(message), { kind });
}

/** Calls `action` with a string's address in the engine's memory. */
function withString(text, action) {
  const size = engine.lengthBytesUTF8(text) + 1;
  const address = engine._malloc(size);
  engine.stringToUTF8(text, address, size);
  try {
    return action(address);
  } finally {
    engine._free(address);
  }
}

const json = (address) => JSON.parse(engine.UTF8ToString(checked(address)));

const calls = {
  /** `base`: the folder of these files, a URL or in node a path. */
  async start({ base, threads }) {
    const name = threads > 1 ? 'realizar_engine_threads' : 'realizar_engine';
    const script = `${base}${name}.js`;
    if (!inNode) importScripts(script);
    const create = inNode ? require(script) : RealizarEngine;
    engine = await create({
      nThreads: threads,
      mainScriptUrlOrBlob: script,
      // In node emscripten takes paths for URLs.
      ...(inNode && { wasmBinary: require('node:fs').readFileSync(`${base}${name}.wasm`) }),
      locateFile: (file) => base + file,
      onProgress: (done, total) => port.postMessage({ event: 'progress', done, total }),
    });
  },

  begin({ name, bytes }) {
    withString(name, (address) => checked(engine._realizar_begin(address, bytes)));
  },

  append({ chunk }) {
    const address = engine._malloc(chunk.length);
    if (address === 0) throw Object.assign(new Error('there is no memory left to load into'), { kind: 'out_of_memory' });
    engine.HEAPU8.set(chunk, address);
    try {
      checked(engine._realizar_append(address, chunk.length));
    } finally {
      engine._free(address);
    }
  },

  load: (options) => withString(JSON.stringify(options), (address) => json(engine._realizar_load(address))),
  tokenize: (request) => withString(JSON.stringify(request), (address) => json(engine._realizar_tokenize(address))),
  detokenize: (ids) => withString(JSON.stringify(ids), (address) => json(engine._realizar_detokenize(address))),

  async generate(request) {
    cancelled = false;
    withString(JSON.stringify(request), (address) => checked(engine._realizar_submit(address)));
    for (;;) {
      if (cancelled) engine._realizar_cancel();
      const { text, result } = json(engine._realizar_step());
      if (text) port.postMessage({ event: 'text', text });
      if (result) return result;
      await nextTurn();
    }
  },

  cancel() {
    cancelled = true;
  },
};

async function answer({ id, call, argument }) {
  try {
    port.postMessage({ id, value: await calls[call](argument) });
  } catch (error) {
    port.postMessage({ id, error: { kind: error.kind ?? 'internal', message: error.message } });
  }
}

if (inNode) port.on('message', answer);
else port.onmessage = ({ data }) => answer(data);
