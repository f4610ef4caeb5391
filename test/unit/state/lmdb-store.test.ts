import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '../../../runtime/state/lmdb-store.js';

const store = suite<{ directory: string }>('the store');

store.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'store-'));
});
store.after.each((context) => rmSync(context.directory, { recursive: true }));

store('a write is read at once, before it is on the disk', async ({ directory }) => {
  const opened = openStore(directory);
  const table = opened.table<{ n: number }>('things');
  const written = table.put('a', { n: 1 });
  assert.equal(table.get('a'), { n: 1 });
  await written;
  await opened.close();
});

store('records are there again after a reopen, removed ones are not', async ({ directory }) => {
  const first = openStore(directory);
  await first.table('things').put('a', { n: 1, big: 2n ** 60n });
  await first.table('things').put('b', { n: 2 });
  await first.table('things').remove('b');
  await first.close();
  const second = openStore(directory);
  assert.equal(second.table('things').all(), [{ id: 'a', value: { n: 1, big: 2n ** 60n } }]);
  await second.close();
});

store('a transaction that throws leaves nothing', async ({ directory }) => {
  const opened = openStore(directory);
  const table = opened.table<number>('things');
  await opened
    .transaction(() => {
      void table.put('a', 1);
      throw new Error('no');
    })
    .catch(() => undefined);
  assert.is(table.get('a'), undefined);
  await opened.transaction(() => {
    void table.put('a', 1);
    void opened.table('others').put('b', 2);
  });
  assert.is(table.get('a'), 1);
  assert.is(opened.table('others').get('b'), 2);
  await opened.close();
});

store.run();
