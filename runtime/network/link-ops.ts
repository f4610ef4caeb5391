import type { NetworkOp } from '../launch/interface-ops.js';
import type { LaunchError, Launcher } from '../launch/types.js';

/** Where the bridges are, when that is not where the engine is. */
function bridgeSide({ machine }: Launcher): NetworkOp[] {
  return machine.rootless === undefined ? [] : [{ op: 'netns.enter', path: machine.rootless.netns }];
}

/** In a short-lived child of the launcher, in order. Throws LaunchError with the first that failed. */
export async function runOps(launcher: Launcher, ops: readonly NetworkOp[]): Promise<void> {
  await launcher.run({ before: [...bridgeSide(launcher), ...ops], clone: [], host: [], inside: [] });
}

export function asLaunchError(error: unknown): LaunchError | undefined {
  return error instanceof Error && error.name === 'LaunchError' ? (error as LaunchError) : undefined;
}
