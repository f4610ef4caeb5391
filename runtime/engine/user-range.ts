/** Who a container's root is outside. */
import { LaunchError } from '../launch/types.js';
import { mappedProbe, type UserRange } from '../launch/user-range.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';

/** Nobody, where isolation is strict and the kernel and the engine's file system can: the ids that it has instead. */
export async function userRangeFor(engine: Engine, { Isolation }: HostConfig): Promise<UserRange | undefined> {
  const { launcher } = engine.foundations;
  const { userRange } = launcher.machine;
  if (Isolation !== 'strict' || userRange === undefined) return undefined;
  try {
    await launcher.run(mappedProbe(engine.foundations.paths.home, userRange));
    return userRange;
  } catch (error) {
    if (error instanceof LaunchError) return undefined;
    throw error;
  }
}

/** Said at create: strict without it is less than was asked for. Without root the user's own namespace is there already. */
export async function rangeWarnings(engine: Engine, host: HostConfig): Promise<string[]> {
  const isEnough = host.Isolation !== 'strict' || engine.foundations.launcher.machine.rootless !== undefined;
  if (isEnough || (await userRangeFor(engine, host)) !== undefined) return [];
  return [
    `Root of this container is root outside: a user namespace for it needs Linux 5.19 and a file system in ${engine.foundations.paths.home} that can map owners.`,
  ];
}
