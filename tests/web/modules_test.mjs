// The modules of the page that need no page.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../web/', import.meta.url);
const dist = new URL('../../dist/', import.meta.url);
const { inlineParts, parseMarkdown } = await importText('markdown.js');
const { bytesText, countText, rateText } = await importText('format.js');
const { generationOptions, groups, loadOptions, readSettings, saveSettings } = await importText('settings.js');

/** A file that ends in .js is a module in browsers; for node its text is. */
function importText(name) {
  return import(`data:text/javascript,${encodeURIComponent(readFileSync(new URL(name, web), 'utf8'))}`);
}

class Storage {
  #items = new Map();
  getItem = (key) => this.#items.get(key) ?? null;
  setItem = (key, value) => this.#items.set(key, value);
}

test('Markdown: paragraphs, headings, lists and code', () => {
  const text = 'One\ntwo\n\n## Title\n- a\n- b\n\n3. c\n```js\nx *y*\n\n```\nend';
  assert.deepEqual(parseMarkdown(text), [
    { type: 'paragraph', parts: [{ type: 'text', text: 'One\ntwo' }] },
    { type: 'heading', level: 2, parts: [{ type: 'text', text: 'Title' }] },
    { type: 'item-list', ordered: false, start: 1, items: [[{ type: 'text', text: 'a' }], [{ type: 'text', text: 'b' }]] },
    { type: 'item-list', ordered: true, start: 3, items: [[{ type: 'text', text: 'c' }]] },
    { type: 'code', text: 'x *y*\n' },
    { type: 'paragraph', parts: [{ type: 'text', text: 'end' }] },
  ]);
});

test('Markdown: a block of code that is still being written', () => {
  assert.deepEqual(parseMarkdown('```\nint x'), [{ type: 'code', text: 'int x' }]);
});

test('Markdown: marks within a line, and those without a partner', () => {
  assert.deepEqual(inlineParts('a **b** `c*` *d* 2 * 3 <b>'), [
    { type: 'text', text: 'a ' }, { type: 'strong', text: 'b' }, { type: 'text', text: ' ' },
    { type: 'code', text: 'c*' }, { type: 'text', text: ' ' }, { type: 'emphasis', text: 'd' },
    { type: 'text', text: ' 2 * 3 <b>' },
  ]);
  assert.deepEqual(inlineParts('**a'), [{ type: 'text', text: '**a' }]);
});

test('Markdown: hostile text takes little time', () => {
  const start = performance.now();
  for (const mark of ['*', '**', '`', '```\n', '- ', '# ', '*a', '**a', '`a', ' '])
    parseMarkdown(mark.repeat(20000));
  assert.ok(performance.now() - start < 5000);
});

test('Settings: what is remembered and not valid is the initial value', () => {
  const storage = new Storage();
  const initial = readSettings(storage);
  assert.equal(initial.temperature, 0.8);
  saveSettings({ ...initial, temperature: 0, topK: 7 }, storage);
  assert.deepEqual(readSettings(storage), { ...initial, temperature: 0, topK: 7 });
  saveSettings({ ...initial, temperature: 'hot', topK: -1, seed: 1.5, maxTokens: null, arithmetic: 'odd' }, storage);
  assert.deepEqual(readSettings(storage), { ...initial, maxTokens: null });
  for (const broken of ['{', 'null', '7', '[]']) {
    storage.setItem('realizar-settings', broken);
    assert.deepEqual(readSettings(storage), initial);
  }
  assert.deepEqual(readSettings(null), initial);
});

test('Settings: those that are not given are left to the engine', () => {
  const initial = readSettings(null);
  assert.equal('seed' in generationOptions(initial), false);
  assert.equal(generationOptions({ ...initial, seed: 0 }).seed, 0);
  assert.deepEqual(loadOptions(initial), { arithmetic: 'fast' });
  const used = Object.keys({ ...generationOptions({ ...initial, seed: 1 }), ...loadOptions({ context: 1, threads: 1 }) });
  const known = groups.flatMap(({ fields }) => fields.map(({ key }) => key));
  assert.deepEqual([...used, 'system'].sort(), known.sort());
});

test('Numbers for people', () => {
  assert.equal(bytesText(98362432), '98 MB');
  assert.equal(bytesText(2.5e9), '2.5 GB');
  assert.equal(bytesText(12), '12 bytes');
  assert.equal(countText(134515008), '135 M');
  assert.equal(countText(1.71e9), '1.7 B');
  assert.equal(rateText(7.43), '7.4');
  assert.equal(rateText(118.26), '118');
});

test('The service worker keeps every file of the page', () => {
  const source = readFileSync(new URL('service_worker.js', web), 'utf8');
  const listed = /const files = \[([^\]]*)\]/.exec(source)[1].match(/'[^']+'/g).map((name) => name.slice(1, -1));
  const there = readdirSync(web).filter((name) => name !== 'service_worker.js' && name !== 'index.html');
  assert.deepEqual(listed.sort(), ['./', ...there].sort());
});

test('The service worker keeps every file of the engine', { skip: !existsSync(dist) && 'the engine is not built' }, () => {
  const source = readFileSync(new URL('service_worker.js', web), 'utf8');
  for (const name of readdirSync(dist).filter((file) => /\.(js|mjs|wasm)$/.test(file)))
    assert.ok(source.includes(`'dist/${name}'`), name);
});

test('No file of the page names another host', () => {
  for (const name of readdirSync(web)) {
    const text = readFileSync(new URL(name, web), 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    assert.doesNotMatch(text, /https?:\/\//, name);
  }
});
