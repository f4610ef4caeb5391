import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const { loadBundle } = createRequire(import.meta.url)('../../../bundle/load.cjs') as {
  loadBundle(file: string, url: string, kind: string): { exports: Record<string, unknown>; keep(): void };
};

const loading = suite<{ folder: string; file: string; cache: string | undefined }>('bundle load');

const frame = (body: string) => `(function (exports, require, module, __filename, __dirname, moduleUrl) {\n${body}\n})`;

loading.before.each((context) => {
  context.folder = mkdtempSync('/tmp/devenv-bundle-');
  context.file = path.join(context.folder, 'cli.cjs');
  context.cache = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = path.join(context.folder, 'cache');
  writeFileSync(context.file, frame('module.exports = { sum: (a, b) => a + b, where: moduleUrl };'));
});

loading.after.each(({ folder, cache }) => {
  rmSync(folder, { recursive: true, force: true });
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
});

const kept = (folder: string) =>
  readdirSync(path.join(folder, 'cache'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /cli-/.test(name))
    .map((name) => path.join(folder, 'cache', name));

const sumOf = ({ exports }: { exports: Record<string, unknown> }) =>
  (exports.sum as (a: number, b: number) => number)(1, 2);

loading('runs without a cache, keeps one, and runs with it', ({ folder, file }) => {
  const first = loadBundle(file, 'file:///x', 'up');
  assert.is(sumOf(first), 3);
  assert.is(first.exports.where, 'file:///x');
  first.keep();
  const [one] = kept(folder);
  const before = readFileSync(one!);
  const second = loadBundle(file, 'file:///x', 'up');
  assert.is(sumOf(second), 3);
  second.keep();
  assert.equal(readFileSync(one!), before, 'what is known is not written again');
});

loading('leaves a damaged cache aside and mends it', ({ folder, file }) => {
  loadBundle(file, 'file:///x', 'up').keep();
  const [one] = kept(folder);
  const bytes = readFileSync(one!);
  bytes[bytes.length - 9]! ^= 0xff;
  writeFileSync(one!, bytes);
  const again = loadBundle(file, 'file:///x', 'up');
  assert.is(sumOf(again), 3);
  again.keep();
  assert.not.equal(readFileSync(one!), bytes);
});

loading('has a cache for each kind of run, and drops that of an earlier build', ({ folder, file }) => {
  loadBundle(file, 'file:///x', 'up').keep();
  loadBundle(file, 'file:///x', 'down').keep();
  assert.is(kept(folder).length, 2);
  writeFileSync(file, frame('module.exports = { sum: () => 7 };'));
  utimesSync(file, 1, 1);
  const next = loadBundle(file, 'file:///x', 'up');
  assert.is(sumOf(next), 7);
  next.keep();
  assert.is(kept(folder).length, 2);
});

loading('works where nothing can be kept', ({ folder, file }) => {
  writeFileSync(path.join(folder, 'cache'), 'no folder');
  const bundle = loadBundle(file, 'file:///x', 'up');
  bundle.keep();
  assert.is(sumOf(bundle), 3);
});

loading.run();
