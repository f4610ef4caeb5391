import { access } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import type { Launcher } from '../launch/types.js';

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

/**
 * The path of `nft`, installed by apt-get when this is root on a machine that has apt-get (`say` tells so in a line).
 * Throws `system` with the command to type otherwise.
 */
export async function provideNft(launcher: Launcher, say: (line: string) => void): Promise<string> {
  const present = await findProgram('nft');
  if (present !== undefined) return present;
  const missing = 'networks need the program nft, which is not installed: apt-get install -y nftables';
  const apt = await findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) throw new EngineError('system', missing);
  say('Installing nftables with apt-get: networks and published ports need it.');
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const install = [...environment, apt, 'install', '-y', '-q', '--no-install-recommends', 'nftables'];
  let last = await launcher.spawn(install);
  if (last.code !== 0) {
    await launcher.spawn([...environment, apt, 'update', '-q']);
    last = await launcher.spawn(install);
  }
  const installed = await findProgram('nft');
  if (installed === undefined) throw new EngineError('system', `${missing}\n${last.stderr.trim()}`);
  return installed;
}
