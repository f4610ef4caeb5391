/** Who can be killed, and how it is found. */
import { setTimeout as sleep } from 'node:timers/promises';
import { namesOf } from './footprint.js';
import type { Running } from './load.js';
import { livingEngine, type ProcessFacts, processesOf } from './processes.js';
import type { Chance } from './random.js';
import type { World } from './world.js';

export const victims = ['engine', 'launcher', 'monitor', 'cli', 'builder', 'container'] as const;
export type Victim = (typeof victims)[number];

export interface Kill {
  readonly victim: Victim;
  /** Undefined: there was none to be found at that instant. */
  readonly pid: number | undefined;
  readonly facts?: ProcessFacts;
  /** What was killed, its children, and those that have a monitor for a parent with it: who else is concerned. */
  readonly family?: readonly number[];
}

export async function killOne(world: World, victim: Victim, load: readonly Running[], chance: Chance): Promise<Kill> {
  if (victim === 'cli') {
    chance.pick(load).kill();
    return { victim, pid: 0 };
  }
  const until = Date.now() + (victim === 'builder' ? 4000 : 0);
  for (;;) {
    const all = processesOf(runtimeOf(world), namesOf(runtimeOf(world)).group, livingEngine(runtimeOf(world)));
    const found = candidates(world, victim, all);
    if (found.length > 0) return end(victim, chance.pick(found), all);
    if (Date.now() >= until) return { victim, pid: undefined };
    await sleep(20);
  }
}

function end(victim: Victim, facts: ProcessFacts, all: readonly ProcessFacts[]): Kill {
  // A monitor is the child of a launcher: that one's many children have nothing to do with each other.
  const parent = all.find(({ pid }) => pid === facts.parent);
  const isMonitor =
    parent !== undefined && all.some(({ group, parent: of }) => group !== undefined && of === parent.pid);
  const family = all.filter(
    (one) => [one.pid, one.parent].includes(facts.pid) || (isMonitor && one.parent === parent.pid),
  );
  try {
    process.kill(facts.pid, 'SIGKILL');
    return { victim, pid: facts.pid, facts, family: family.map(({ pid }) => pid) };
  } catch {
    return { victim, pid: undefined };
  }
}

function candidates(world: World, victim: Exclude<Victim, 'cli'>, all: readonly ProcessFacts[]): ProcessFacts[] {
  const runtime = runtimeOf(world);
  const engine = livingEngine(runtime);
  const isLauncher = ({ parent }: ProcessFacts) => engine !== undefined && parent === engine;
  const ours = all.filter(({ pid, command }) => pid !== engine && command.includes(runtime));
  switch (victim) {
    case 'engine':
      return all.filter(({ pid }) => pid === engine);
    case 'launcher':
      return ours.filter(isLauncher);
    case 'monitor':
      return ours.filter((one) => !isLauncher(one));
    case 'builder':
      return all.filter(({ group, command }) => group !== undefined && command.includes('/built'));
    case 'container':
      return all.filter(({ group }) => group !== undefined);
  }
}

export const runtimeOf = (world: World) => world.project.env.DEVENV_RUNTIME_DIR!;
