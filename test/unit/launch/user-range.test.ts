import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Op } from '../../../runtime/launch/program.js';
import { mappedProbe, subordinateRange, withUserRange } from '../../../runtime/launch/user-range.js';

const ranges = suite('ranges of ids for containers');

ranges('the account’s own, when both files give it the same', () => {
  const text = 'alice:100000:65536\ndevenv:300000:65536\n';
  assert.equal(subordinateRange(text, text), { first: 300_000, count: 65_536 });
});

ranges('otherwise behind all that users have', () => {
  assert.equal(subordinateRange('alice:100000:65536\n', 'alice:100000:131072\n'), { first: 262_144, count: 65_536 });
  assert.equal(subordinateRange('', ''), { first: 131_072, count: 65_536 });
});

ranges('none where no room is left', () => {
  assert.is(subordinateRange('alice:100000:2147483647\n', ''), undefined);
});

ranges.run();

const programs = suite('a launch program in a user namespace');
const range = { first: 200_000, count: 65_536 };
const inside = (ops: readonly Op[]) => withUserRange({ before: [], clone: [], host: [], inside: ops }, range).inside;

programs('enters last, after the streams were given to who it will be', () => {
  const ops = inside([
    { op: 'umask', mask: 0o022 },
    { op: 'stdio.own', uid: 33 },
  ]);
  assert.equal(ops, [
    { op: 'user.make', uids: '0 200000 65536', gids: '0 200000 65536' },
    { op: 'umask', mask: 0o022 },
    { op: 'stdio.own', uid: 200_033 },
    { op: 'user.join' },
  ]);
});

programs('layers are mapped before the overlay lies over them', () => {
  const overlay: Op = { op: 'mount.overlay', target: '/m', lower: ['/a', '/b'], upper: '/u', work: '/w', options: [] };
  const ops = inside([overlay]);
  assert.equal(
    ops.map((op) => op.op),
    ['user.make', 'mount.fs', 'mount.bind', 'mount.bind', 'mount.overlay'],
  );
  assert.equal(ops.at(-1), { ...overlay, lower: ['/m/0', '/m/1'] });
});

programs('file systems of memory are its root’s, or whose they were said to be', () => {
  const fs = (type: string, options: string[]): Op => ({
    op: 'mount.fs',
    type,
    source: type,
    target: '/t',
    options,
    attributes: [],
  });
  const options = inside([fs('tmpfs', ['size=1k']), fs('tmpfs', ['uid=7']), fs('devpts', ['gid=5']), fs('proc', [])]);
  assert.equal(
    options.flatMap((op) => (op.op === 'mount.fs' ? [op.options] : [])),
    [['size=1k', 'uid=200000', 'gid=200000'], ['uid=200007', 'gid=200000'], ['gid=200005'], []],
  );
});

programs('the probe maps a folder in a mount namespace of its own', () => {
  const { clone, inside: ops } = mappedProbe('/home', range);
  assert.equal(clone, ['newns']);
  assert.match(JSON.stringify(ops.at(-1)), '"source":"/home"');
});

programs.run();
