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
  /** One after the other; those that found nobody are left out. */
  readonly kills: readonly Kill[];
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
  /** How many in a row, at random instants, before the look: 1 unless said. */
  readonly burst?: number;
  readonly only?: Victim | undefined;
  report(round: Round): void;
}

/** Rounds until that many kills have hit somebody. */
export async function runRounds(world: World, chance: Chance, plan: Plan): Promise<Tally> {
  const until = Date.now() + plan.limitMs;
  const rounds: Round[] = [];
  let kept = await readKept(world);
  let logAt = 0;
  const hits = () => rounds.reduce((sum, { kills }) => sum + kills.length, 0);
  while (hits() < plan.kills && Date.now() < until) {
    const row = Array.from({ length: plan.burst ?? 1 }, () => plan.only ?? chance.pick(victims));
    const done = await oneRound(world, chance, row, kept);
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
  const kills = rounds.flatMap((round) => round.kills);
  const lost = rounds.filter((round) => round.lost.length > 0);
  const byVictim: Record<string, number> = {};
  for (const { victim } of kills) byVictim[victim] = (byVictim[victim] ?? 0) + 1;
  const missed = rounds.filter((round) => round.kills.length === 0).length;
  const held = rounds.filter((round) => round.lost.length === 0).flatMap((round) => round.kills).length;
  return { tried: kills.length, held, missed, lost, byVictim };
}

async function oneRound(world: World, chance: Chance, row: readonly Victim[], kept: Kept) {
  const load = chooseLoad(chance, row.includes('builder'));
  const running: Running[] = [];
  for (const work of load) running.push(await begin(world, work));
  const kills: Kill[] = [];
  for (const victim of row) {
    await sleep(chance.below(victim === 'builder' ? 400 : 1500));
    const kill = await killOne(world, victim, running, chance);
    if (kill.pid !== undefined) kills.push(kill);
  }
  const lost = await endOfLoad(running);
  if (load.some(({ args }) => args[0] === 'pause')) await world.project.devenv('unpause');
  lost.push(
    ...(await bringUp(world)),
    ...(await look(world, kept, new Set(kills.flatMap((kill) => concerned(kill, kept))))),
  );
  return { load: load.map(({ args }) => args.join(' ')).join(' + '), kills, lost };
}

/** All that has to hold, each given time to come about. */
async function look(world: World, kept: Kept, hit: ReadonlySet<string>): Promise<string[]> {
  const wanted = await settle(20_000, () => wantedState(world));
  const rest = await Promise.all([
    settle(20_000, () => keptLive(world, kept, hit)),
    keptLines(world),
    settle(5000, () => recordsOpen(world)),
  ]);
  return [...wanted, ...rest.flat(), ...(await settle(20_000, () => nothingLeaked(world)))];
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
  const { done, kill } = world.project.begin('up', '--detach', '--remove-orphans');
  const timer = setTimeout(() => kill('SIGKILL'), 120_000);
  const { code, output } = await done;
  clearTimeout(timer);
  return code === 0 ? [] : [`up ended with ${code ?? 'nothing for two minutes'}: ${output.slice(-800)}`];
}

/** Whose process it was: by its group, or by its being the monitor of a container, or a process beside the container's first. */
function concerned({ facts, family }: Kill, kept: Kept): string[] {
  const names = Object.entries(kept).filter(([, { id, pid }]) => facts?.group === id || family?.includes(pid));
  return names.map(([name]) => name);
}
