/** Account files of roots that images, volumes and processes have prepared for whoever reads them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAccountFiles } from '../../../runtime/engine/root-files.js';
import type { MountPoint } from '../../../runtime/engine/types.js';

const files = suite('account files of a root');
let folder: string;
files.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dv-root-'));
  for (const name of ['upper', 'lower', 'volume', 'outside']) mkdirSync(at(name));
});
files.after.each(() => rmSync(folder, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(folder, ...names);

function put(name: string, text: string) {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
}

async function passwd(mounts: readonly Partial<MountPoint>[] = []): Promise<string> {
  const root = {
    kind: 'overlay',
    lower: [at('lower')],
    below: [at('lower')],
    upper: at('upper'),
    work: '',
    mountpoint: '',
  } as const;
  return (await readAccountFiles(root, mounts as readonly MountPoint[])).passwd;
}

files('are those of the uppermost layer that has them, over links inside', async () => {
  put('lower/etc/passwd', 'lower');
  assert.is(await passwd(), 'lower');
  put('upper/usr/passwd', 'upper');
  mkdirSync(at('upper/etc'));
  symlinkSync('../usr/passwd', at('upper/etc/passwd'));
  assert.is(await passwd(), 'upper');
});

files('are those of a volume or a file that is mounted over them', async () => {
  put('lower/etc/passwd', 'lower');
  put('volume/passwd', 'volume');
  const volume = { Type: 'volume', Source: at('volume'), Destination: '/etc' } as const;
  assert.is(await passwd([volume]), 'volume');
  put('file', 'file');
  symlinkSync('file', at('link'));
  assert.is(await passwd([volume, { Type: 'bind', Source: at('link'), Destination: '/etc/passwd' }]), 'file');
});

files('are none of the machine’s, whatever a link says', async () => {
  put('outside/passwd', 'outside');
  for (const target of [at('outside'), `../../../../../../../../..${at('outside')}`]) {
    symlinkSync(target, at('upper/etc'));
    assert.is(await passwd(), '');
    rmSync(at('upper/etc'));
    symlinkSync(path.join(target, 'passwd'), at('volume/passwd'));
    assert.is(await passwd([{ Type: 'volume', Source: at('volume'), Destination: '/etc' }]), '');
    rmSync(at('volume/passwd'));
  }
});

files('a folder hides no link below it, and a link no folder', async () => {
  put('outside/passwd', 'outside');
  symlinkSync(at('outside'), at('lower/etc'));
  mkdirSync(at('upper/etc'));
  assert.is(await passwd(), '');
});

files('pipes, huge files and loops are no account files, and hold nobody up', async () => {
  const volume = [{ Type: 'volume', Source: at('volume'), Destination: '/etc' }] as const;
  execFileSync('mkfifo', [at('volume/passwd')]);
  assert.is(await passwd(volume), '');
  rmSync(at('volume/passwd'));
  put('volume/passwd', 'x');
  truncateSync(at('volume/passwd'), 2 ** 40);
  assert.is(await passwd(volume), '');
  mkdirSync(at('upper/etc'));
  symlinkSync('/etc/passwd', at('upper/etc/passwd'));
  assert.is(await passwd(), '');
});

files.run();
