import { execFileSync } from 'node:child_process';
import {
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract, type Header } from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TarPack } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';
import { tarStream } from '../../support/tar-bytes.js';

const packing = suite('tar pack');
let started: Awaited<ReturnType<typeof startLauncher>>;
let tree = '';
let count = 0;

packing.before(async () => {
  started = await startLauncher();
});
packing.after(() => started.close());
packing.before.each(() => {
  tree = path.join(started.folder, String(++count));
  mkdirSync(tree);
});

const at = (name: string) => path.join(tree, name);
function pack(options: Partial<TarPack> = {}): Promise<Buffer> {
  return buffer(
    started.launcher.pack({ root: { kind: 'directory', path: tree }, path: '/', mode: 'plain', ...options }),
  );
}

const paxOf = (header: Header | undefined) => (header?.pax ?? {}) as Record<string, string>;

async function headersOf(tar: Buffer): Promise<Header[]> {
  const reading = extract();
  const found: Header[] = [];
  reading.end(tar);
  for await (const entry of reading) {
    found.push(entry.header);
    entry.resume();
  }
  return found;
}

async function names(options: Partial<TarPack> = {}): Promise<string[]> {
  return (await headersOf(await pack(options))).map((one) => one.name);
}

packing('a tree in the order of its names, twice the same bytes', async () => {
  mkdirSync(at('b'));
  for (const name of ['b/z', 'b/a', 'a', 'c']) writeFileSync(at(name), name);
  assert.equal(await names(), ['a', 'b/', 'b/a', 'b/z', 'c']);
  assert.ok((await pack()).equals(await pack()));
});

packing('owners, times, links and names of any length', async () => {
  const long = `${'d'.repeat(120)}`;
  mkdirSync(at(long));
  writeFileSync(at(`${long}/${'ü'.repeat(60)}`), 'x');
  chownSync(at(`${long}/${'ü'.repeat(60)}`), 3_000_000, 5);
  symlinkSync('t'.repeat(150), at('soft'));
  linkSync(at(`${long}/${'ü'.repeat(60)}`), at('zhard'));
  utimesSync(at('zhard'), 10, 1_234_567_890.5);
  const [folder, file, soft, hard] = await headersOf(await pack());
  assert.is(folder?.name, `${long}/`);
  assert.equal(
    [file?.name, paxOf(file).uid, paxOf(file).mtime],
    [`${long}/${'ü'.repeat(60)}`, '3000000', '1234567890.5'],
  );
  assert.is(soft?.linkname, 't'.repeat(150));
  assert.equal([hard?.type, hard?.linkname], ['link', file?.name]);
});

packing('a layer says deletions as marks, and times in whole seconds', async () => {
  mkdirSync(at('etc'));
  execFileSync('mknod', [at('etc/passwd'), 'c', '0', '0']);
  writeFileSync(at('etc/new'), '');
  utimesSync(at('etc/new'), 10, 1000.75);
  const headers = await headersOf(await pack({ mode: 'layer' }));
  assert.equal(
    headers.map((one) => one.name),
    ['etc/', 'etc/new', 'etc/.wh.passwd'],
  );
  assert.is(headers[1]?.mtime?.getTime(), 1_000_000);
});

packing('one file or folder under the name that is asked for', async () => {
  mkdirSync(at('srv/app'), { recursive: true });
  writeFileSync(at('srv/app/f'), 'f');
  symlinkSync('/srv/app', at('link'));
  assert.equal(await names({ path: '/srv/app', rename: 'app' }), ['app/', 'app/f']);
  assert.equal(await names({ path: '/srv/app/f', rename: 'other' }), ['other']);
  assert.equal(await names({ path: '/link', rename: 'link' }), ['link']);
  assert.equal(await names({ path: '/link', rename: 'link', followTop: true }), ['link/', 'link/f']);
  assert.equal(await names({ path: '/srv/app' }), ['f']);
});

packing('a path that is not there is told', async () => {
  const error = (await pack({ path: '/nope' }).catch((thrown: unknown) => thrown)) as {
    operation: string;
    errno: string;
  };
  assert.equal([error.operation, error.errno], ['tar.path', 'ENOENT']);
});

packing('times can be clamped, holes are read as zeros', async () => {
  writeFileSync(at('f'), '');
  truncateSync(at('f'), 100_000);
  const tar = await pack({ clampMtime: 1000 });
  assert.is((await headersOf(tar))[0]?.mtime?.getTime(), 1_000_000);
  assert.is(tar.length, 512 + Math.ceil(100_000 / 512) * 512 + 1024);
});

packing('an overlay of more than a hundred layers is read and written as one tree', async () => {
  const layers = Array.from({ length: 130 }, (_, index) => at(`layer-with-a-name-of-some-length-${index}`));
  layers.forEach((folder, index) => {
    mkdirSync(folder);
    writeFileSync(path.join(folder, `f${index}`), String(index));
  });
  const [upper, work, mountpoint] = ['upper', 'work', 'merged'].map(at);
  for (const folder of [upper!, work!, mountpoint!]) mkdirSync(folder);
  const over = { upper: upper!, work: work!, mountpoint: mountpoint!, binds: [] };
  const root = { kind: 'overlay', lower: [...layers].reverse(), ...over } as const;
  assert.is((await names({ root })).length, 130);
  await started.launcher.unpack({ root, path: '/', mode: 'plain' }, tarStream([{ name: 'new', content: 'x' }]));
  assert.is(readFileSync(path.join(upper!, 'new'), 'utf8'), 'x');
  assert.is((await names({ root })).length, 131);
});

packing('capabilities, attributes, setuid bits and odd owners come through a layer', async () => {
  // cap_net_raw=ep, as the kernel keeps it (linux/capability.h, vfs_cap_data, revision 2).
  const capability = `\u0001\0\0\u0002\0 ${'\0'.repeat(14)}`;
  const pax = { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.note': 'kept' };
  const entries = [
    { name: 'f', content: 'x', pax },
    { name: 'suid', content: 'x', mode: 0o6751, pax: { uid: '70000', gid: '4000000' } },
  ];
  const into = { root: { kind: 'directory', path: tree }, path: '/', mode: 'layer' } as const;
  await started.launcher.unpack(into, tarStream(entries));
  assert.match(execFileSync('getcap', [at('f')]).toString(), /cap_net_raw[=+]ep/);
  const [f, suid] = await headersOf(await pack({ mode: 'layer' }));
  assert.is(paxOf(f)['SCHILY.xattr.security.capability'], capability);
  assert.is(paxOf(f)['SCHILY.xattr.user.note'], 'kept');
  assert.equal([suid?.uid, paxOf(suid).gid, suid?.mode], [70_000, '4000000', 0o6751]);
  const { uid, gid, mode } = statSync(at('suid'));
  assert.equal([uid, gid, mode & 0o7777], [70_000, 4_000_000, 0o6751]);
});

packing.run();
