// wasm.mjs [MODEL] [--threads N] [--rounds N] [--json]: dist/realizar.mjs under node beside the native program of the release
// build, with the same number of threads, in turns: prefill of about 512 tokens, decode of 64 behind them and behind a few.
// Prints medians and the ratios. A page in Chromium compiles the same code as node does.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { load } from '../dist/realizar.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' }, json: { type: 'boolean' } },
});
const inTree = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const file = positionals[0] ?? execFileSync(inTree('scripts/fetch_model'), { encoding: 'utf8' }).trim();
const program = inTree('build/release/realizar');
const threads = Number(options.threads);
const depth = 512, tokens = 64;

const model = await load(file, { context: 1024, threads });

/** Generates behind about n tokens that no generation before began with; tokens a second. */
async function generate(n, seed) {
  const generation = model.generate(`${seed}${' one'.repeat(n - 2)}`, { temperature: 0, maxTokens: tokens });
  for await (const _ of generation);
  return generation.result;
}

function native(...work) {
  const output = execFileSync(program, ['bench', file, '--device', 'cpu', '-t', String(threads), '-r', '1', '--json', ...work], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output);
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rows = { prefill: [[], []], [`decode at ${depth}`]: [[], []], decode: [[], []] };
await generate(depth, 'w'); // the first one compiles
for (let round = 0; round < Number(options.rounds); ++round) {
  const [prefill, deep, short] = Object.values(rows);
  const long = await generate(depth, round);
  prefill[0].push(long.promptTokensPerSecond);
  deep[0].push(long.tokensPerSecond);
  short[0].push((await generate(8, round)).tokensPerSecond);
  const whole = native('-p', String(depth), '-n', String(tokens));
  prefill[1].push(whole.prefill.tokens_per_second.median);
  short[1].push(whole.decode.tokens_per_second.median);
  deep[1].push(native('-p', '0', '-n', String(tokens), '-d', String(depth)).decode.tokens_per_second.median);
}
model.close();

const report = Object.fromEntries(
  Object.entries(rows).map(([name, [here, there]]) => {
    const [wasm, other] = [median(here), median(there)];
    return [name, { wasm, native: other, ratio: wasm / other }];
  }),
);
if (options.json) {
  console.log(JSON.stringify(report));
} else {
  console.log(`${'tok/s'.padEnd(16)}    wasm   native   ratio`);
  for (const [name, row] of Object.entries(report))
    console.log(`${name.padEnd(16)} ${row.wasm.toFixed(1).padStart(7)} ${row.native.toFixed(1).padStart(8)} ${row.ratio.toFixed(2).padStart(7)}`);
}
