import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownDigests } from '../../../../runtime/build/files/digest.js';

const knowing = suite('digests that are remembered');
const stamp = { dev: 1, ino: 7, size: 3, mtimeMs: 1000.5, ctimeMs: 1000.5 };

knowing('a file that nothing changed in is known', () => {
  const known = new KnownDigests();
  known.put(stamp, 'abc');
  assert.is(known.get({ ...stamp }), 'abc');
  assert.is(known.get(undefined), undefined);
});

for (const [what, change] of Object.entries({
  'another device': { dev: 2 },
  'another size': { size: 4 },
  'another time of its content': { mtimeMs: 1000.6 },
  'another time of its inode': { ctimeMs: 1001 },
})) {
  knowing(`${what} makes it another file`, () => {
    const known = new KnownDigests();
    known.put(stamp, 'abc');
    assert.is(known.get({ ...stamp, ...change }), undefined);
  });
}

knowing.run();
