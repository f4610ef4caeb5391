/** Commands that are under way while something is killed. */
import type { CommandResult } from '../project.js';
import type { Chance } from './random.js';
import type { World } from './world.js';

export interface Work {
  readonly args: readonly string[];
  /** Changes what the command will find. */
  before?(world: World): Promise<void>;
}

const touch = (world: World) => world.touch();
const republish = (world: World) => world.republish();

/** Those that run a build's step come by name: the builder can only be killed while one runs. */
export const buildWorks: readonly Work[] = [
  { args: ['build'], before: touch },
  { args: ['build', '--no-cache', 'web'] },
  { args: ['up', '--detach', '--build'], before: touch },
];

export const works: readonly Work[] = [
  ...buildWorks,
  { args: ['up', '--detach'] },
  { args: ['up', '--detach', '--force-recreate'] },
  { args: ['up', '--detach', '--scale', 'worker=3'] },
  { args: ['down', '--timeout', '0'] },
  { args: ['down', '--volumes', '--timeout', '0'] },
  { args: ['restart', '--timeout', '0'] },
  { args: ['stop', '--timeout', '0'] },
  { args: ['start'] },
  { args: ['kill'] },
  { args: ['rm', '--force', '--stop'] },
  { args: ['run', '--rm', '-T', 'db', 'sh', '-c', 'echo hello; sleep 0.2'] },
  { args: ['exec', '-T', 'db', 'sleep', '0.5'] },
  { args: ['pull', 'remote'], before: republish },
  { args: ['up', '--detach', '--pull', 'always', 'remote'], before: republish },
  { args: ['image', 'prune', '--force'] },
  { args: ['cp', 'stamp', 'db:/data/stamp'] },
];

export interface Running {
  readonly args: readonly string[];
  readonly done: Promise<CommandResult>;
  kill(): void;
}

export async function begin(world: World, work: Work): Promise<Running> {
  await work.before?.(world);
  const { done, kill } = world.project.begin(...work.args);
  return { args: work.args, done, kill: () => kill('SIGKILL') };
}

/** One to three of them, at once. A build is among them when it is asked for. */
export function chooseLoad(chance: Chance, withBuild: boolean): Work[] {
  const more = Array.from({ length: withBuild ? chance.below(2) : 1 + chance.below(3) }, () => chance.pick(works));
  // What a paused container is asked waits, as it should: nothing else beside it.
  if (!withBuild && chance.below(15) === 0) return [{ args: ['pause'] }];
  return withBuild ? [chance.pick(buildWorks), ...more] : more;
}
