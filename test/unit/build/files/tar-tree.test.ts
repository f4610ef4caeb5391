import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { contentHash } from '../../../../runtime/build/files/content-hash.js';
import { spoolTar, type TarTree } from '../../../../runtime/build/files/tar-tree.js';
import { readTreeFile } from '../../../../runtime/build/files/tree.js';
import { EngineError } from '../../../../runtime/errors.js';

const spooling = suite('a context in one tar');
let folder: string;

spooling.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tar-tree-'));
  await mkdir(join(folder, 'in/a/b'), { recursive: true });
});

spooling.after.each(() => rm(folder, { recursive: true, force: true }));

/** In pieces that cut headers and files anywhere. */
function pieces(tar: Buffer, size: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < tar.length; at += size) parts.push(tar.subarray(at, at + size));
  return Readable.from(parts);
}

const spool = (tar: Buffer, size = 700): Promise<TarTree> => spoolTar(pieces(tar, size), join(folder, 'context.tar'));

function pack(...flags: string[]): Buffer {
  return execFileSync('tar', ['-C', join(folder, 'in'), '-c', ...flags, '.'], { maxBuffer: 1 << 26 });
}

for (const format of ['ustar', 'gnu', 'pax', 'oldgnu']) {
  spooling(`what GNU tar writes as ${format} is found again`, async () => {
    const long = `${'n'.repeat(90)}/${'m'.repeat(80)}`;
    await mkdir(join(folder, 'in', long), { recursive: true });
    await writeFile(join(folder, 'in', long, 'ünï'), 'deep');
    await writeFile(join(folder, 'in/a/f'), 'x'.repeat(3000), { mode: 0o640 });
    await writeFile(join(folder, 'in/empty'), '');
    await link(join(folder, 'in/a/f'), join(folder, 'in/hard'));
    await symlink('a/f', join(folder, 'in/soft'));
    const tree = await spool(pack(`--format=${format}`));
    assert.equal(await tree.names(''), ['a', 'empty', 'hard', 'n'.repeat(90), 'soft']);
    assert.is((await readTreeFile(tree, `${long}/ünï`)).toString(), 'deep');
    assert.is((await readTreeFile(tree, 'hard')).toString(), 'x'.repeat(3000));
    const entry = await tree.entry('a/f');
    assert.is(entry!.mode, 0o640);
    assert.is(entry!.digest, contentHash().update('x'.repeat(3000)).digest('hex'));
    assert.is((await tree.entry('hard'))!.linkKey, (await tree.entry('a/f'))!.linkKey);
    assert.is((await tree.entry('soft'))!.target, 'a/f');
    assert.is((await tree.entry('a/b'))!.type, 'directory');
    assert.is((await tree.entry('empty'))!.sizeBytes, 0);
  });
}

spooling('names cannot leave the context', async () => {
  await writeFile(join(folder, 'in/f'), 'f');
  const tree = await spool(pack('-P', '--transform=s,^\\./f,/../../etc/f,'));
  assert.is((await readTreeFile(tree, 'etc/f')).toString(), 'f');
  assert.is(await tree.entry('../etc/f'), undefined);
});

spooling('what comes later takes the place of what came before', async () => {
  const { pack: packer } = await import('tar-stream');
  const stream = packer();
  stream.entry({ name: 'x/y' }, 'first');
  stream.entry({ name: 'x/y' }, 'second');
  stream.entry({ name: 'z', type: 'file' }, 'file');
  stream.entry({ name: 'z/in' }, 'now a folder');
  stream.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const tree = await spool(Buffer.concat(chunks));
  assert.is((await readTreeFile(tree, 'x/y')).toString(), 'second');
  assert.is((await tree.entry('z'))!.type, 'directory');
  assert.is((await readTreeFile(tree, 'z/in')).toString(), 'now a folder');
});

for (const [name, bytes] of [
  ['text', Buffer.from('FROM scratch\n'.repeat(100))],
  ['a tar that ends too early', undefined],
] as const) {
  spooling(`${name} is refused`, async () => {
    await writeFile(join(folder, 'in/f'), 'x'.repeat(5000));
    const error = await spool(bytes ?? pack().subarray(0, 3000)).catch((cause) => cause);
    assert.instance(error, EngineError);
    assert.is(error.kind, 'invalid');
    assert.match(error.message, /^Error processing tar file: /);
  });
}

spooling.run();
