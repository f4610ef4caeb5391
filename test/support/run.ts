/**
 * Runs test files, each in a process of its own with a time limit, because uvu shares one process and one hanging
 * socket would take the others along. Zero tests, a file that dies and a file that hangs are failures.
 * Usage: `node dist/test/support/run.js [--only TEXT] KIND…`, KIND being a folder of `test/`.
 */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const testRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const limitsMs: Record<string, number> = { unit: 120_000, contract: 240_000, scenario: 420_000 };

interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function testFiles(kind: string): string[] {
  const root = path.join(testRoot, kind);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.js') && statSync(path.join(root, name)).isFile())
    .sort()
    .map((name) => path.join(root, name));
}

/** uvu's closing lines: `Total: 3`, `Passed: 3`, `Skipped: 0`. */
function countResults(output: string): FileResult {
  const figure = (name: string) =>
    [...output.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'gm'))].reduce((sum, match) => sum + Number(match[1]), 0);
  const total = figure('Total');
  const passed = figure('Passed');
  return { passed, failed: total - passed, skipped: figure('Skipped') };
}

function killGroup(pid: number | undefined) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it is gone already
  }
}

function runFile(file: string, limitMs: number): Promise<FileResult> {
  const name = path.relative(testRoot, file);
  const began = performance.now();
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' } as NodeJS.ProcessEnv;
    delete env.NODE_EXTRA_CA_CERTS;
    const child = spawn(process.execPath, [file], { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let why = '';
    const timer = setTimeout(() => {
      why = `took longer than ${limitMs / 1000} s`;
      killGroup(child.pid);
    }, limitMs);
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      killGroup(child.pid);
      let result = countResults(output);
      if (!why && result.passed + result.failed + result.skipped === 0) why = 'ran no test';
      if (!why && result.failed === 0 && code !== 0) why = `ended with ${signal ?? code}`;
      if (why) result = { ...result, failed: result.failed + 1 };
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const verdict = result.failed ? 'FAIL' : 'ok  ';
      console.log(`${verdict} ${name}  ${result.passed} passed, ${seconds} s${why ? `: ${why}` : ''}`);
      if (result.failed) console.log(output.replace(/^/gm, '     | '));
      else for (const line of output.match(/^skipped without root: .*$/gm) ?? []) console.log(line);
      resolve(result);
    });
  });
}

interface TestFile {
  readonly file: string;
  readonly limitMs: number;
}

async function runAll(files: readonly TestFile[], atOnce: number): Promise<Map<TestFile, FileResult>> {
  const results = new Map<TestFile, FileResult>();
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const one = files[next++]!;
      results.set(one, await runFile(one.file, one.limitMs));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** More failures than these are no noise of a busy machine. */
const filesTriedAgain = 3;

/** What failed gets one more try with the machine to itself; what then passes is named, so that nobody takes it for sound. */
async function tryAgain(results: Map<TestFile, FileResult>): Promise<void> {
  const failed = [...results].filter(([, result]) => result.failed > 0).map(([one]) => one);
  if (failed.length > filesTriedAgain) return;
  for (const one of failed) {
    const result = await runFile(one.file, one.limitMs);
    if (result.failed > 0) continue;
    results.set(one, result);
    console.log(`FLAKY ${path.relative(testRoot, one.file)}: passed the second time only`);
  }
}

const args = process.argv.slice(2);
const onlyAt = args.indexOf('--only');
const only = onlyAt >= 0 ? args.splice(onlyAt, 2)[1] : undefined;
const kinds = args.length ? args : ['unit', 'contract', 'scenario'];
const results = new Map<TestFile, FileResult>();
for (const kind of kinds) {
  const files = testFiles(kind)
    .filter((file) => !only || file.includes(only))
    .map((file) => ({ file, limitMs: limitsMs[kind] ?? 120_000 }));
  for (const [one, result] of await runAll(files, kind === 'unit' ? 2 : 1)) results.set(one, result);
}
await tryAgain(results);
const sum = (pick: (result: FileResult) => number) =>
  [...results.values()].reduce((total, result) => total + pick(result), 0);
const passed = sum((result) => result.passed);
const failed = sum((result) => result.failed);
console.log(`${passed} passed, ${failed} failed, ${sum((result) => result.skipped)} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
