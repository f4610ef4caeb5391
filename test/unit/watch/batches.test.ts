import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Batches } from '../../../src/watch/batches.js';
import { LoopGuard, writtenByServices } from '../../../src/watch/loops.js';
import type { FileChange } from '../../../src/watch/types.js';
import { project } from '../../support/projects.js';

const batching = suite('batches');

const change = (path: string, kind: FileChange['kind'] = 'changed'): FileChange => ({ path, kind });
const limits = {
  quietMs: 5,
  quietMsAtMost: 20,
  pauses: 3,
  longestMs: 200,
  busyQuietMs: 1000,
  busyLongestMs: 5000,
};
const idle = () => false;

batching('changes of one moment are one batch, each path once', async () => {
  const batches = new Batches(idle, limits);
  for (const path of ['/a', '/b', '/a']) batches.add(change(path));
  batches.add(change('/b', 'removed'));
  assert.equal(await batches.next(), [change('/a'), change('/b', 'removed')]);
});

batching('what comes while a batch is worked on waits for the next', async () => {
  const batches = new Batches(idle, limits);
  batches.add(change('/a'));
  assert.equal(await batches.next(), [change('/a')]);
  batches.add(change('/b'));
  batches.add(change('/c'));
  assert.equal(await batches.next(), [change('/b'), change('/c')]);
});

batching('a change that comes later wakes who waits', async () => {
  const batches = new Batches(idle, limits);
  const next = batches.next();
  setTimeout(() => batches.add(change('/late')), 10);
  assert.equal(await next, [change('/late')]);
});

batching('changes without end are handed over in between', async () => {
  const batches = new Batches(idle, { ...limits, quietMs: 1000, quietMsAtMost: 1000, longestMs: 30 });
  batches.add(change('/a'));
  assert.equal(await batches.next(), [change('/a')]);
});

batching('a pause is no end while a checkout is under way', async () => {
  let atWork = true;
  const batches = new Batches(() => atWork, limits);
  const next = batches.next();
  batches.add(change('/first'));
  setTimeout(() => batches.add(change('/last')), 100);
  setTimeout(() => {
    atWork = false;
  }, 150);
  assert.equal(await next, [change('/first'), change('/last')]);
});

batching('closing ends who waits', async () => {
  const batches = new Batches(idle, limits);
  const next = batches.next();
  batches.close();
  assert.is(await next, undefined);
});

batching('a file that changes hard on each restart is found to be a loop, and muted', () => {
  const guard = new LoopGuard({ actions: 3, withinMs: 100 });
  assert.equal(guard.note('api', ['/a'], 0, 10), []);
  assert.equal(guard.note('api', ['/a'], 50, 60), []);
  assert.equal(guard.note('api', ['/a'], 100, 110), ['/a']);
  assert.is(guard.isMuted('api', '/a'), true);
  assert.is(guard.isMuted('web', '/a'), false);
});

batching('a person who saves often is no loop', () => {
  const guard = new LoopGuard({ actions: 3, withinMs: 100 });
  for (let at = 0; at < 10_000; at += 1000) assert.equal(guard.note('api', ['/a'], at, at + 10), []);
});

batching('only what a container can write is looked at for loops', () => {
  const mount = (source: string, read_only = false) => ({ type: 'bind' as const, source, target: '/x', read_only });
  const isWritten = writtenByServices(
    project({ api: { volumes: [mount('/shop/src'), mount('/shop/conf', true)] } }),
    [],
  );
  assert.is(isWritten('/shop/src/deep/file'), true);
  assert.is(isWritten('/shop/conf/file'), false);
  assert.is(isWritten('/shop/other'), false);
});

batching.run();
