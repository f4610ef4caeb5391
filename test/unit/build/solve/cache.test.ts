import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaults, openWorkbench, rejection, type Workbench } from '../workbench.js';

const caching = suite('the layer cache');

const cachedSteps = (bench: Workbench) =>
  bench.events.splice(0).flatMap((event) => (event.kind === 'step' && event.cached ? [event.instruction] : []));

const FILE = 'FROM base:1\nENV X=1\nRUN one\nCOPY a /a\nRUN two\n';

async function bench() {
  const made = await openWorkbench();
  await made.image('base:1', { 'bin/sh': '' });
  await made.write({ a: '1', b: '2' });
  return made;
}

caching('the same build again runs nothing and gives the same image', async () => {
  const it = await bench();
  const first = await it.build(FILE);
  cachedSteps(it);
  const second = await it.build(FILE);
  assert.is(second.id, first.id);
  assert.is(it.runs.length, 2);
  assert.equal(cachedSteps(it), ['ENV X=1', 'RUN one', 'COPY a /a', 'RUN two']);
  await it.close();
});

caching('a changed file spoils its COPY and what follows; its time and files beside it do not', async () => {
  const it = await bench();
  await it.build(FILE);
  await utimes(join(it.context, 'a'), 1, 1);
  await it.write({ b: 'other' });
  await it.build(FILE);
  assert.is(it.runs.length, 2);
  await it.write({ a: 'changed' });
  cachedSteps(it);
  await it.build(FILE);
  assert.equal(cachedSteps(it), ['ENV X=1', 'RUN one']);
  assert.equal(
    it.runs.map(({ args }) => args[2]),
    ['one', 'two', 'two'],
  );
  await it.close();
});

caching('variables count when they reach the command, labels and ports never', async () => {
  const it = await bench();
  await it.build('FROM base:1\nARG V=1\nRUN one\n');
  await it.build('FROM base:1\nLABEL a=b\nEXPOSE 1\nCMD x\nARG V=1\nRUN one\n');
  assert.is(it.runs.length, 1);
  await it.build('FROM base:1\nARG V=1\nRUN one\n', { buildArgs: { V: '2' } });
  assert.is(it.runs.length, 2);
  await it.build('FROM base:1\nRUN one\nARG V\n', { buildArgs: { V: '3' } });
  await it.build('FROM base:1\nRUN one\nARG V\n', { buildArgs: { V: '4', HTTP_PROXY: 'http://p' } });
  assert.is(it.runs.length, 3);
  await it.close();
});

caching('it survives the engine', async () => {
  const it = await bench();
  await it.build(FILE);
  const again = await it.reopen();
  await again.build({ ...defaults(it.context), dockerfile: { text: FILE } }, () => {}, new AbortController().signal);
  assert.is(it.runs.length, 2);
  await it.close();
});

caching('noCache runs all, and leaves what it made for the next', async () => {
  const it = await bench();
  await it.build(FILE);
  await it.build(FILE, { noCache: true });
  assert.is(it.runs.length, 4);
  await it.build(FILE);
  assert.is(it.runs.length, 4);
  await it.close();
});

caching('a failed RUN is not kept', async () => {
  let code = 3;
  const it = await openWorkbench({ run: () => code });
  await it.image('base:1', {});
  await rejection(it.build('FROM base:1\nRUN x\n'));
  code = 0;
  await it.build('FROM base:1\nRUN x\n');
  assert.is(it.runs.length, 2);
  await it.close();
});

caching('roots names cached layers until they are pruned', async () => {
  const it = await bench();
  const image = await it.build(FILE);
  const roots = it.builder.roots();
  for (const chain of image.chainIds.slice(1)) assert.ok(roots.includes(chain));
  assert.ok(it.builder.cacheSizeBytes() > 0);
  assert.is((await it.builder.prune()).deleted.length, 3);
  assert.equal(it.builder.roots(), []);
  await it.build(FILE);
  assert.is(it.runs.length, 4);
  await it.close();
});

caching('past its limit only what images hold is kept', async () => {
  const it = await openWorkbench({ cacheLimitBytes: 1 });
  await it.image('base:1', {});
  await it.write({ a: '1' });
  const image = await it.build('FROM base:1 AS a\nRUN one\nCOPY a /x\nFROM base:1\nCOPY --from=a /x /y\n');
  assert.equal(it.builder.roots(), [image.chainIds.at(-1)]);
  await it.close();
});

caching('what a stage gives counts by content, not by how it came about', async () => {
  const it = await openWorkbench({
    run: async ({ root }) => {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(join(root.upper, 'out'), 'same');
      return 0;
    },
  });
  await it.image('base:1', {});
  await it.build('FROM base:1 AS a\nRUN one\nFROM base:1\nCOPY --from=a /out /\nRUN after\n');
  await it.build('FROM base:1 AS a\nRUN other\nFROM base:1\nCOPY --from=a /out /\nRUN after\n');
  assert.equal(
    it.runs.map(({ args }) => args[2]),
    ['one', 'after', 'other'],
  );
  await it.close();
});

caching('a file that went away is told with the ignore file that hides it', async () => {
  const it = await bench();
  await it.write({ '.dockerignore': 'a\n' });
  const text = (await rejection(it.build(FILE))).message;
  assert.match(text, /Dockerfile:4\n/);
  assert.match(text, /"\/a": not found \(left out of the context by \.dockerignore\)$/);
  await rm(join(it.context, 'a'));
  assert.match((await rejection(it.build(FILE))).message, /"\/a": not found$/);
  await it.close();
});

caching.run();
