import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CacheMounts } from '../../../../runtime/build/solve/cache-mounts.js';
import { programRunner } from '../../../../runtime/build/solve/programs.js';

const mounts = suite<{ home: string; kept: CacheMounts }>('cache mounts');

mounts.before.each((context) => {
  context.home = mkdtempSync(path.join(tmpdir(), 'cache-mounts-'));
  context.kept = new CacheMounts(context.home, programRunner(undefined));
});
mounts.after.each(({ home }) => rmSync(home, { recursive: true }));

const request = (id: string) => ({
  id,
  sharing: 'shared' as const,
  mode: 0o755,
  uid: 0,
  gid: 0,
  initial: undefined,
  description: `for ${id}`,
});
const take = (kept: CacheMounts, id: string) => kept.take(request(id), new AbortController().signal);

mounts('are told with their sizes; half a note is none', async ({ kept }) => {
  const [small, large] = [await take(kept, 'small'), await take(kept, 'large')];
  writeFileSync(path.join(large.folder, 'file'), 'x'.repeat(1_000_000));
  writeFileSync(`${small.folder}.json`, '{"descr');
  const found = await kept.list();
  assert.equal(found.map(({ description }) => description).sort(), ['', 'for large']);
  const sizes = new Map(found.map(({ description, sizeBytes }) => [description, sizeBytes]));
  assert.ok(sizes.get('for large')! >= 1_000_000);
  assert.ok(sizes.get('')! < 100_000);
});

mounts('one that is wanted while it is removed is made anew', async ({ kept }) => {
  const before = await take(kept, 'a');
  writeFileSync(path.join(before.folder, 'old'), '');
  before.release();
  const [one] = await kept.list();
  const removed = kept.remove([one!.id]);
  const after = await take(kept, 'a');
  await removed;
  assert.is(after.folder, before.folder);
  assert.ok(existsSync(after.folder));
  assert.not(existsSync(path.join(after.folder, 'old')));
  await kept.remove([one!.id]);
  assert.ok(existsSync(after.folder), 'what is in use stays');
});

mounts.run();
