import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal } from '../../../runtime/state/journal.js';
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

/** What the next engine finds of one that is killed now. */
async function afterDeath(directory: string, name = 'things'): Promise<Record<string, unknown>> {
  const copy = `${directory}-copy`;
  cpSync(directory, copy, { recursive: true });
  try {
    const opened = openStore(copy);
    const found = Object.fromEntries(
      opened
        .table(name)
        .all()
        .map(({ id, value }) => [id, value]),
    );
    await opened.close();
    return found;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

store('what was written survives the process at once', async ({ directory }) => {
  const opened = openStore(directory);
  const table = opened.table<number>('things');
  await table.put('a', 1);
  await table.put('b', 2);
  await table.remove('a');
  assert.equal(await afterDeath(directory), { b: 2 });
  await opened.transaction(() => {
    void table.put('c', 3);
    void opened.table('others').put('d', 4);
  });
  assert.equal(await afterDeath(directory), { b: 2, c: 3 });
  assert.equal(await afterDeath(directory, 'others'), { d: 4 });
  await opened.close();
});

store('what was written while earlier records were put away survives too', async ({ directory }) => {
  const opened = openStore(directory);
  const table = opened.table<{ n: number }>('things');
  for (let n = 0; n < 40; n++) {
    await table.put(`r${n % 7}`, { n });
    await sleep(7);
  }
  const expected = Object.fromEntries(table.all().map(({ id, value }) => [id, value]));
  assert.equal(await afterDeath(directory), expected);
  await opened.close();
  assert.equal(await afterDeath(directory), expected);
});

store('half an entry at the end of the journal is passed over', async ({ directory }) => {
  const opened = openStore(directory);
  await opened.table<number>('things').put('a', 1);
  appendFileSync(join(directory, 'journal.0'), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 5]));
  assert.equal(await afterDeath(directory), { a: 1 });
  await opened.close();
});

store('an entry behind a gap never comes back, whatever is written later', async ({ directory }) => {
  const journal = new Journal(directory);
  journal.turn();
  journal.append({ sequence: 3, changes: [['things', 'lost', 1]] });
  journal.close();
  const opened = openStore(directory);
  const table = opened.table<number>('things');
  await table.put('a', 1);
  await table.put('b', 2);
  assert.equal(await afterDeath(directory), { a: 1, b: 2 });
  await opened.close();
  assert.equal(await afterDeath(directory), { a: 1, b: 2 });
});

store.run();
