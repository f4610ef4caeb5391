import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeOps, encodeRun } from '../../../runtime/launch/encode.js';
import type { Op } from '../../../runtime/launch/program.js';

const encoding = suite('encoding operations');

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const text = (value: string) => Buffer.concat([words(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);

encoding('writes count, code with flags, length and fields in their order', () => {
  const ops: Op[] = [
    { op: 'dir.make', path: '/a', mode: 0o755 },
    { op: 'nonewprivs', optional: true },
  ];
  const fields = Buffer.concat([text('/a'), words(0o755)]);
  assert.equal(encodeOps(ops), Buffer.concat([words(2, 1, fields.length), fields, words(26 | (1 << 16), 0)]));
});

encoding('counts bytes, not letters, and writes lists and large numbers', () => {
  const [op] = [encodeOps([{ op: 'exec', args: ['né'], env: [], init: true }])];
  assert.equal(op.subarray(12), Buffer.concat([words(1), text('né'), words(0), words(1)]));
  const limit = encodeOps([{ op: 'rlimit', resource: 7, soft: 5n, hard: 0xffffffffffffffffn, clamp: false }]);
  assert.equal(limit.subarray(12), words(7, 5, 0, 0xffffffff, 0xffffffff, 0));
});

encoding('adds flags up', () => {
  const bind = encodeOps([
    {
      op: 'mount.bind',
      source: '/s',
      target: '/t',
      attributes: ['ro', 'nosuid'],
      recursive: true,
      attributesRecursive: false,
      propagation: 'shared',
    },
  ]);
  assert.equal(bind.subarray(12), Buffer.concat([text('/s'), text('/t'), words(3, 1, 0, 1 << 20, 0, 0)]));
});

encoding('refuses a NUL, at which C would cut', () => {
  assert.throws(() => encodeOps([{ op: 'chdir', path: '/a\0b' }]), /NUL/);
});

encoding('refuses host operations where nothing executes them', () => {
  assert.throws(
    () => encodeRun({ before: [], clone: [], host: [{ op: 'wait.host' }], inside: [] }),
    /no host operations/,
  );
});

encoding('grows with what is written', () => {
  const env = Array.from({ length: 500 }, (_, i) => `VARIABLE_${i}=${'x'.repeat(100)}`);
  assert.ok(encodeOps([{ op: 'exec', args: ['a'], env, init: false }]).length > 50_000);
});

encoding.run();
