/** A round: commands under way, a kill at a random instant, and a look at everything afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  engineFaults,
  type Kept,
  keptLines,
  keptLive,
  nothingLeaked,
  readKept,
  recordsOpen,
  settle,
  wantedState,
} from './checks.js';
import { begin, chooseLoad, type Running } from './load.js';
import type { Chance } from './random.js';
import { type Kill, killOne, type Victim, victims } from './victims.js';
import type { World } from './world.js';

export interface Round {
  readonly number: number;
  readonly load: string;
  readonly afterMs: number;
  readonly kill: Kill;
  /** Sentences; none: survived. */
  readonly lost: readonly string[];
}

export interface Tally {
  readonly tried: number;
  readonly held: number;
  readonly missed: number;
  readonly lost: readonly Round[];
  readonly byVictim: Readonly<Record<string, number>>;
}

export interface Plan {
  readonly kills: number;
  /** No further round is begun after this long. */
  readonly limitMs: number;
  readonly only?: Victim;
  report(round: Round): void;
}

/** Rounds until that many kills have hit somebody. */
export async function runRounds(world: World, chance: Chance, plan: Plan): Promise<Tally> {
  const until = Date.now() + plan.limitMs;
  const rounds: Round[] = [];
  let kept = await readKept(world);
  let logAt = 0;
  const hits = () => rounds.filter(({ kill }) => kill.pid !== undefined).length;
  while (hits() < plan.kills && Date.now() < until) {
    const victim = plan.only ?? chance.pick(victims);
    const done = await oneRound(world, chance, victim, kept);
    const log = engineFaults(world, logAt);
    logAt = log.offset;
    const round = { ...done, number: rounds.length + 1, lost: [...done.lost, ...log.wrong] };
    rounds.push(round);
    plan.report(round);
    kept = await readKept(world);
  }
  return tally(rounds);
}

function tally(rounds: readonly Round[]): Tally {
  const hit = rounds.filter(({ kill }) => kill.pid !== undefined);
  const lost = rounds.filter(({ lost }) => lost.length > 0);
  const byVictim: Record<string, number> = {};
  for (const { kill } of hit) byVictim[kill.victim] = (byVictim[kill.victim] ?? 0) + 1;
  const held = hit.filter(({ lost }) => lost.length === 0).length;
  return { tried: hit.length, held, missed: rounds.length - hit.length, lost, byVictim };
}

async function oneRound(world: World, chance: Chance, victim: Victim, kept: Kept) {
  const load = chooseLoad(chance, victim === 'builder');
  const afterMs = chance.below(victim === 'builder' ? 400 : 1500);
  const running: Running[] = [];
  for (const work of load) running.push(await begin(world, work));
  await sleep(afterMs);
  const kill = await killOne(world, victim, running, chance);
  const lost = await endOfLoad(running);
  lost.push(...(await bringUp(world)));
  lost.push(...(await settle(20_000, () => wantedState(world))));
  lost.push(...(await settle(20_000, () => keptLive(world, kept, concerned(kill, kept)))));
  lost.push(...(await keptLines(world)), ...(await settle(5000, () => recordsOpen(world))));
  lost.push(...(await settle(20_000, () => nothingLeaked(world))));
  return { load: load.map(({ args }) => args.join(' ')).join(' + '), afterMs, kill, lost };
}

/** Commands may fail, with a sentence; they may not hang or end in a stack trace. */
async function endOfLoad(running: readonly Running[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const { args, done, kill } of running) {
    const timer = setTimeout(() => {
      wrong.push(`devenv ${args.join(' ')} hangs`);
      kill();
    }, 60_000);
    const { output } = await done;
    clearTimeout(timer);
    const trace = output.split('\n').filter((line) => /^\s+at .*:\d+:\d+|TypeError|Unhandled/.test(line));
    if (trace.length > 0) wrong.push(`devenv ${args.join(' ')}: ${output.slice(-600)}`);
  }
  return wrong;
}

async function bringUp(world: World): Promise<string[]> {
  await world.project.devenv('unpause');
  const { code, output } = await world.project.devenv('up', '--detach', '--remove-orphans');
  return code === 0 ? [] : [`up ended with ${code}: ${output.slice(-800)}`];
}

/** Whose process it was: by its group, or by its being the monitor of a container, or a process beside the container's first. */
function concerned({ facts, family }: Kill, kept: Kept): ReadonlySet<string> {
  const names = Object.entries(kept).filter(([, { id, pid }]) => facts?.group === id || family?.includes(pid));
  return new Set(names.map(([name]) => name));
}
