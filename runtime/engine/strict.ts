/** What `Isolation: strict` means, written out when a container is made, so that everybody can read it from then on. Pure. */
import { EngineError } from '../errors.js';
import type { HostConfig } from './host-config.js';

const PIDS = 512;
const MEMORY_BYTES = 1 << 30;
/** Programs expect to write here, and can do nothing with it but write. */
const WRITABLE: Readonly<Record<string, string>> = { '/tmp': 'mode=1777,size=64m', '/run': 'mode=755,size=16m' };

/**
 * Nothing that the container does not need: a root that is read, no capability, no way to gain one, and an end to what it
 * takes. Limits that the client names are its own. Throws `invalid` for a wish that speaks against it.
 */
export function strictHostConfig(host: HostConfig): HostConfig {
  if (host.Isolation !== 'strict') return host;
  for (const [wish, held] of contradictions(host))
    if (held) throw new EngineError('invalid', `isolation strict does not go with ${wish}: leave one of them out`);
  const taken = new Set([
    ...(host.Binds ?? []).map((bind) => bind.split(':')[1] ?? bind),
    ...(host.Mounts ?? []).map(({ Target }) => Target),
  ]);
  const own = Object.entries(WRITABLE).filter(([path]) => !taken.has(path));
  return {
    ...host,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: [...new Set([...(host.SecurityOpt ?? []), 'no-new-privileges'])],
    Tmpfs: { ...Object.fromEntries(own), ...host.Tmpfs },
    PidsLimit: host.PidsLimit !== null && host.PidsLimit > 0 ? host.PidsLimit : PIDS,
    ...(host.Memory > 0 ? {} : { Memory: MEMORY_BYTES, MemorySwap: MEMORY_BYTES }),
  };
}

function contradictions(host: HostConfig): readonly (readonly [wish: string, held: boolean])[] {
  const loose = /^(seccomp|apparmor|systempaths)[=:]unconfined|^no-new-privileges[=:]false|^writable-cgroups/;
  return [
    ['privileged', host.Privileged],
    ['added capabilities', (host.CapAdd ?? []).length > 0],
    ['devices', (host.Devices ?? []).length > 0],
    ['the network of the machine', host.NetworkMode === 'host'],
    ['the processes of the machine', host.PidMode === 'host'],
    ['the memory of the machine', host.IpcMode === 'host'],
    ['looser security options', (host.SecurityOpt ?? []).some((option) => loose.test(option))],
  ];
}
