import { access } from 'node:fs/promises';
import { EngineError } from '../errors.js';

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

/** Where a program of the machine lies; undefined when it is not there. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    const found = await access(`${folder}/${name}`).then(
      () => true,
      () => false,
    );
    if (found) return `${folder}/${name}`;
  }
  return undefined;
}

/** Installs Debian packages, or throws with the command to type, which `why` begins. */
export type InstallPrograms = (packages: readonly string[], why: string) => Promise<void>;

/** The path of `nft`, installed when it is missing and may be. Throws `system` with the command to type otherwise. */
export async function provideNft(install: InstallPrograms): Promise<string> {
  const present = await findProgram('nft');
  if (present !== undefined) return present;
  await install(['nftables'], 'networks and published ports need the program nft');
  const installed = await findProgram('nft');
  if (installed === undefined) throw new EngineError('system', 'the package nftables is installed, but brought no nft');
  return installed;
}
