/**
 * `npm run fuzz`: changed inputs for everything that reads foreign ones, for a fixed time. Fails when a reader throws what
 * is not its own, takes longer than two seconds, or makes memory grow without end; the input is written to
 * test/fixtures/fuzz, where test/unit/fuzz/findings.test.ts reads it from then on.
 * Usage: `main.js [--seconds N] [--seed N] [--only TARGET]`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fuzzLauncher } from './launcher.js';
import { type Draw, drawFrom, mutate } from './mutate.js';
import { faultOf, type Target, targets } from './targets.js';

const findings = fileURLToPath(new URL('../../../test/fixtures/fuzz', import.meta.url));
const MEMORY_BYTES = 1 << 30;

const option = (name: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

function fuzz(target: Target, draw: Draw, endMs: number): number {
  const corpus = [...target.seeds];
  let tried = 0;
  for (; Date.now() < endMs; tried++) {
    const input = mutate(corpus[draw(corpus.length)]!, corpus[draw(corpus.length)]!, draw);
    const why = faultOf(target, input);
    if (why !== undefined) report(target.name, input, why);
    if (draw(50) === 0 && corpus.length < 500) corpus.push(input);
    if (process.memoryUsage.rss() > MEMORY_BYTES) report(target.name, input, 'memory grows');
  }
  return tried;
}

function report(name: string, input: Buffer, why: string): never {
  mkdirSync(path.join(findings, name), { recursive: true });
  const file = path.join(findings, name, `${Date.now()}.bin`);
  writeFileSync(file, input);
  console.log(`${name}: ${why}\n  the input: ${file}`);
  process.exit(1);
}

const seconds = Number(option('seconds') ?? 60);
const seed = Number(option('seed') ?? Date.now() % 2 ** 31);
const only = option('only');
const draw = drawFrom(seed);
const chosen = targets.filter(({ name }) => only === undefined || name === only);
const withLauncher = process.getuid?.() === 0 && (only === undefined || only === 'launcher');
const shareMs = (seconds * 1000) / (chosen.length + (withLauncher ? 1 : 0));
console.log(`seed ${seed}, ${seconds} s`);
for (const target of chosen)
  console.log(`${target.name}: ${fuzz(target, draw, Date.now() + shareMs)} inputs, 0 findings`);
if (withLauncher) {
  const { tried, said } = await fuzzLauncher(draw, shareMs);
  if (/Sanitizer|runtime error/.test(said)) report('launcher', Buffer.from(said), said);
  console.log(`launcher: ${tried} programs, 0 findings`);
} else console.log('launcher: left out (only root can confine it)');
