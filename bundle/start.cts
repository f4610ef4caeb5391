/** What `bin/devenv` and the engine's process do first. */
import fs = require('node:fs');
import path = require('node:path');
import url = require('node:url');
import load = require('./load.cjs');

/** The tree's entry module, bundled where there is a bundle of it. A tree that was compiled again since has none. */
async function entryOf(
  name: 'cli' | 'engine',
  module: string,
  kind: string,
): Promise<{ exports: Record<string, unknown>; keep(): void }> {
  const file = path.join(__dirname, `${name}.cjs`);
  const source = path.join(__dirname, '..', module);
  if (isFresh(file, source)) return load.loadBundle(file, url.pathToFileURL(file).href, kind);
  return { exports: await import(url.pathToFileURL(source).href), keep: () => undefined };
}

function isFresh(file: string, source: string): boolean {
  const made = fs.statSync(file, { throwIfNoEntry: false });
  const compiled = fs.statSync(source, { throwIfNoEntry: false });
  return made !== undefined && (compiled === undefined || compiled.mtimeMs <= made.mtimeMs);
}

async function startCommandLine(argv: readonly string[]): Promise<void> {
  const kind = /^[a-z]+$/.test(argv[0] ?? '') ? argv[0]! : 'other';
  const { exports, keep } = await entryOf('cli', 'src/main.js', kind);
  await (exports.main as (argv: readonly string[], beforeEnd: () => void) => Promise<void>)(argv, keep);
}

async function startEngine(): Promise<void> {
  const { exports, keep } = await entryOf('engine', 'runtime/main/serve.js', 'serve');
  // Making the compiled form takes a tenth of a second, in which nobody is answered.
  await (exports.main as (whenQuiet: () => void) => Promise<void>)(keep);
}

export = { startCommandLine, startEngine };
