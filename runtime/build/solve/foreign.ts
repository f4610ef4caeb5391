import { readdir, readFile } from 'node:fs/promises';
import { formatPlatform } from '../../images/platform.js';
import type { Platform } from '../../images/types.js';

/** What the kernel's binfmt_misc entries for QEMU are called (qemu-user-static, tonistiigi/binfmt). */
const QEMU: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  arm: 'arm',
  '386': 'i386',
  ppc64le: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
};
const RUNS_TOO: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };
const HANDLERS = '/proc/sys/fs/binfmt_misc';

/** Why programs of this platform cannot run here; undefined when they can. */
export async function cannotRun(platform: Platform, host: Platform): Promise<string | undefined> {
  if (platform.os !== host.os) return `this machine runs ${host.os}, not ${platform.os}`;
  const { architecture } = platform;
  if (architecture === '' || architecture === host.architecture) return undefined;
  if (RUNS_TOO[host.architecture]?.includes(architecture)) return undefined;
  if (await hasHandler(QEMU[architecture] ?? architecture)) return undefined;
  const what = formatPlatform(platform);
  return `programs of ${what} cannot run on this machine (${formatPlatform(host)}): the kernel has no binfmt_misc handler for them. Install one, e.g. with: apt-get install qemu-user-static binfmt-support`;
}

async function hasHandler(name: string): Promise<boolean> {
  const entries = await readdir(HANDLERS).catch(() => []);
  for (const entry of entries.filter((one) => one.toLowerCase().endsWith(name))) {
    const text = await readFile(`${HANDLERS}/${entry}`, 'utf8').catch(() => '');
    if (text.startsWith('enabled')) return true;
  }
  return false;
}
