// dist/realizar.mjs under node: loading, generating, cancelling, errors. The answers are held to those of the native
// program of the release build.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { RealizarError, load } from '../../dist/realizar.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = path.join(root, 'build/release/realizar');
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const file = path.join(cache, 'realizar/models/SmolLM2-135M-Instruct.Q4_1.gguf');
const question = 'Name the capital of France.';
const asked = [{ role: 'user', content: question }];

const lacks = existsSync(file) ? false : 'no default model: scripts/fetch_model could not fetch it';
const lacksProgram = lacks || (existsSync(program) ? false : 'no release build to compare with');

async function textOf(generation) {
  let text = '';
  for await (const piece of generation) text += piece;
  return text;
}

function native(...options) {
  return JSON.parse(execFileSync(program, ['run', file, '--json', '--device', 'cpu', '-c', '512', ...options], { stdio: ['ignore', 'pipe', 'ignore'] }));
}

describe('a model', { skip: lacks }, () => {
  let model;
  const progress = [];
  before(async () => {
    model = await load(file, { context: 512, threads: 2, onProgress: (step) => progress.push(step) });
  });
  after(() => model.close());

  test('tells what it is, and how far it is while it loads', () => {
    assert.match(model.info.name, /SmolLM2/i);
    assert.equal(model.info.architecture, 'llama');
    assert.equal(model.info.context, 512);
    assert.equal(model.info.threads, 2);
    assert.ok(model.info.parameters > 130e6 && model.info.parameters < 140e6);
    assert.ok(model.info.hasChatTemplate);
    assert.deepEqual(new Set(progress.map(({ stage }) => stage)), new Set(['download', 'load']));
    for (const { loaded, total } of progress) assert.ok(loaded > 0 && loaded <= total);
  });

  test('makes ids of a text, and the text of ids', async () => {
    const ids = await model.tokenize('Hello, wörld');
    assert.ok(ids instanceof Int32Array && ids.length > 2);
    assert.equal(await model.detokenize(ids), 'Hello, wörld');
  });

  test('streams an answer', async () => {
    const generation = model.chat(asked, { temperature: 0, maxTokens: 20 });
    const text = await textOf(generation);
    assert.match(text, /Paris/);
    const result = await generation.result;
    assert.ok(result.tokens > 3 && result.promptTokens > 5);
    assert.ok(result.tokensPerSecond > 0 && result.promptTokensPerSecond > 0);
    assert.equal(result.finishReason, result.tokens < 20 ? 'stop' : 'length');
  });

  test('repeats itself with a seed', async () => {
    const once = () => textOf(model.generate('Once upon a time', { maxTokens: 12, temperature: 1, seed: 7 }));
    assert.equal(await once(), await once());
  });

  test('stops when it is told to, and can go on', async () => {
    const control = new AbortController();
    const generation = model.generate('Once upon a time', { signal: control.signal, temperature: 0 });
    for await (const piece of generation) if (piece) control.abort();
    assert.equal((await generation.result).finishReason, 'cancelled');
    const left = model.generate('Once upon a time', { temperature: 0 });
    for await (const piece of left) if (piece) break;
    assert.equal((await left.result).finishReason, 'cancelled');
    assert.match(await textOf(model.chat(asked, { temperature: 0, maxTokens: 20 })), /Paris/);
  });

  test('generates one text at a time', async () => {
    const first = model.generate('One', { maxTokens: 4 });
    assert.throws(() => model.generate('Two'), { kind: 'invalid_argument' });
    await first.result;
  });

  test('refuses what cannot be, and goes on', async () => {
    await assert.rejects(model.generate('word '.repeat(2000)).result, { name: 'RealizarError', kind: 'limit_exceeded' });
    await assert.rejects(model.generate('a', { temperature: -1 }).result, { kind: 'invalid_argument' });
    await assert.rejects(model.detokenize([1e9]), { kind: 'invalid_argument' });
    await assert.rejects(textOf(model.chat([{ role: 'user' }])), { kind: 'invalid_argument' });
    assert.ok((await model.tokenize('still there')).length > 0);
  });
});

for (const arithmetic of ['exact', 'fast'])
  test(`${arithmetic} arithmetic answers as the native program does`, { skip: lacksProgram }, async () => {
    const model = await load(file, { context: 512, threads: 2, arithmetic });
    const text = await textOf(model.chat(asked, { temperature: 0, maxTokens: 24 }));
    model.close();
    assert.equal(text, native('-p', question, '-n', '24', '--temp', '0', '--arithmetic', arithmetic).text);
  });

test('one thread, a Blob, bytes and a URL give the same model', { skip: lacks }, async () => {
  const server = createServer((request, response) => {
    const bytes = readFileSync(file);
    response.writeHead(200, request.url.includes('known') ? { 'Content-Length': bytes.length } : {});
    response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const answers = new Set();
  for (const source of [new Blob([readFileSync(file)]), readFileSync(file), `${url}/known`, `${url}/streamed`]) {
    const model = await load(source, { context: 256, threads: 1 });
    answers.add(await textOf(model.chat(asked, { temperature: 0, maxTokens: 8 })));
    model.close();
  }
  server.close();
  assert.equal(answers.size, 1);
});

describe('loading', () => {
  test('says what is wrong with a source', async () => {
    await assert.rejects(load('/nowhere/model.gguf', { threads: 1 }), (error) => error instanceof RealizarError && error.kind === 'io');
    await assert.rejects(load(new Blob(['no model, but text']), { threads: 1 }), { kind: 'invalid_file' });
    await assert.rejects(load(new Uint8Array(0), { threads: 1 }), { kind: 'invalid_file' });
    await assert.rejects(load('http://127.0.0.1:9/x.gguf', { threads: 1 }), { kind: 'io' });
  });

  test('refuses what WebAssembly cannot address before it comes', async () => {
    const huge = { __proto__: Blob.prototype, get size() { return 5e9; }, get name() { return 'huge.gguf'; } };
    await assert.rejects(load(huge, { threads: 1 }), { kind: 'out_of_memory', message: /huge\.gguf has 5\.00? GB/ });
  });

  test('can be given up', { skip: lacks }, async () => {
    const control = new AbortController();
    const loading = load(file, { threads: 1, signal: control.signal, onProgress: () => control.abort() });
    await assert.rejects(loading, { name: 'AbortError' });
    await assert.rejects(load(file, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});
