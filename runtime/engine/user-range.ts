/** Who a container's root is outside. */
import { LaunchError } from '../launch/types.js';
import { mappedProbe, type UserRange } from '../launch/user-range.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';
import type { ContainerRecord } from './types.js';

/** What the kernel says where it has no such namespaces or mounts; anything else may be gone the next time. */
const UNSUPPORTED = new Set(['EINVAL', 'ENOSPC', 'ENOSYS', 'EOPNOTSUPP', 'EPERM', 'EUSERS']);

/** Nobody, where isolation is strict and the kernel and the engine's file system can: the ids that it has instead. */
export async function userRangeFor(engine: Engine, { Isolation }: HostConfig): Promise<UserRange | undefined> {
  const { launcher } = engine.foundations;
  const { userRange } = launcher.machine;
  if (Isolation !== 'strict' || userRange === undefined) return undefined;
  try {
    await launcher.run(mappedProbe(engine.foundations.paths.home, userRange));
    return userRange;
  } catch (error) {
    if (error instanceof LaunchError && UNSUPPORTED.has(error.errno)) return undefined;
    throw error;
  }
}

/** Said at create: what is less than was asked for, and whose files are whose. */
export async function ownerWarnings(engine: Engine, record: ContainerRecord): Promise<string[]> {
  const { rootless } = engine.foundations.launcher.machine;
  if (rootless !== undefined) return foreignWriter(record);
  if (record.hostConfig.Isolation !== 'strict' || (await userRangeFor(engine, record.hostConfig)) !== undefined)
    return [];
  return [
    `Root of this container is root outside: a user namespace for it needs Linux 5.19 and a file system in ${engine.foundations.paths.home} that can map owners.`,
  ];
}

/** Without root nobody may map the owners of the user's folders: who is not root in the container is somebody else there. */
function foreignWriter({ config, mounts }: ContainerRecord): string[] {
  const user = (config.User ?? '').split(':')[0] ?? '';
  const written = mounts.find(({ Type, RW }) => Type === 'bind' && RW);
  if (/^(root|0*)$/.test(user) || written === undefined) return [];
  return [
    `Without root, only root in a container is you: its user ${user} cannot write what is yours in ${written.Source}, and what it makes elsewhere is not yours. Leave the user out, or run the engine as root.`,
  ];
}
