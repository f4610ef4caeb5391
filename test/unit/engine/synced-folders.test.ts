import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SyncedFolders } from '../../../runtime/engine/synced-folders.js';

const synced = suite('synced folders');
let parent: string;
synced.before.each(() => {
  parent = mkdtempSync(join(tmpdir(), 'synced-'));
});
synced.after.each(() => rmSync(parent, { recursive: true, force: true }));

const made = { index: new Map([['a', 'file 1']]), sizeBytes: 7 };

synced('what was in it is known the next time', async () => {
  const folders = new SyncedFolders(parent);
  const first = await folders.take('key');
  writeFileSync(join(first.files, 'a'), 'x');
  await first.release(made);
  const second = await new SyncedFolders(parent).take('key');
  assert.is(second.files, first.files);
  assert.equal([...second.index], [['a', 'file 1']]);
});

synced('two builds at once have two folders', async () => {
  const folders = new SyncedFolders(parent);
  const [one, two] = await Promise.all([folders.take('key'), folders.take('key')]);
  assert.is.not(one.files, two.files);
});

synced('one that was not finished begins anew', async () => {
  const folders = new SyncedFolders(parent);
  const first = await folders.take('key');
  writeFileSync(join(first.files, 'a'), 'half');
  await first.release(undefined);
  const second = await folders.take('key');
  assert.is(second.index.size, 0);
  assert.is(existsSync(join(second.files, 'a')), false);
});

synced('one that a killed engine had in use begins anew', async () => {
  const folders = new SyncedFolders(parent);
  await (await folders.take('key')).release(made);
  const taken = await folders.take('key');
  writeFileSync(join(taken.files, 'b'), 'half');
  const after = await new SyncedFolders(parent).take('key');
  assert.is(after.index.size, 0);
  assert.is(existsSync(join(after.files, 'b')), false);
});

synced('they are listed with their size, and pruned unless they are in use', async () => {
  const folders = new SyncedFolders(parent);
  await (await folders.take('idle')).release(made);
  const busy = await folders.take('busy');
  const list = await folders.list();
  assert.equal(list.map(({ inUse, sizeBytes }) => [inUse, sizeBytes]).sort(), [
    [false, 7],
    [true, 0],
  ]);
  await folders.prune(() => true);
  assert.equal(
    (await folders.list()).map(({ inUse }) => inUse),
    [true],
  );
  await busy.release(made);
});

synced('only the last ones are kept', async () => {
  const folders = new SyncedFolders(parent);
  for (let number = 0; number < 30; number++) await (await folders.take(String(number))).release(made);
  assert.is((await folders.list()).length, 24);
});

synced.run();
