/**
 * The whole run: `npm run test:faults -- [--seed N] [--kills N] [--only VICTIM] [--burst N] [--minutes N]`. Prints the seed first, which repeats the
 * choices (what the scheduler makes of them is its own), then a line a round, and last how many were survived.
 */
import { parseArgs } from 'node:util';
import { foldersOf, settle } from './checks.js';
import { takeFootprint } from './footprint.js';
import { findRemains } from './leaks.js';
import { makeChance } from './random.js';
import { type Round, runRounds, type Tally } from './rounds.js';
import { type Victim, victims } from './victims.js';
import { makeWorld, type World } from './world.js';

export interface FaultsOptions {
  readonly seed: number;
  readonly kills: number;
  readonly limitMs: number;
  /** Kills in a row before the look. */
  readonly burst?: number;
  readonly only?: Victim | undefined;
}

/** A world of its own, the rounds, and its end, which leaves nothing either. */
export async function runFaults(options: FaultsOptions, print: (line: string) => void): Promise<Tally> {
  print(`seed ${options.seed}`);
  const world = await makeWorld();
  try {
    await bothUp(world);
    const tally = await runRounds(world, makeChance(options.seed), {
      ...options,
      report: (round) => print(inWords(round)),
    });
    for (const line of summary(tally)) print(line);
    const remains = await remainsOf(world);
    if (remains.length > 0) throw new Error(`left behind: ${remains.join('; ')}`);
    return tally;
  } finally {
    await world.remove();
  }
}

async function bothUp(world: World): Promise<void> {
  for (const { code, output } of [await world.keep('up', '--detach'), await world.project.devenv('up', '--detach')])
    if (code !== 0) throw new Error(output);
}

async function remainsOf(world: World): Promise<string[]> {
  await world.project.devenv('engine', 'stop', '--force');
  return settle(20_000, async () => findRemains(takeFootprint(foldersOf(world))));
}

function inWords({ number, kills, load, lost }: Round): string {
  const verdict = kills.length === 0 ? 'missed' : lost.length > 0 ? 'LOST' : 'held';
  const names = kills.map(({ victim, pid }) => (pid ? `${victim} ${pid}` : victim)).join(', ');
  return [
    `${String(number).padStart(3)} ${verdict.padEnd(6)} ${names} during ${load}`,
    ...lost.map((line) => `      ${line}`),
  ].join('\n');
}

export function summary({ tried, held, missed, lost, byVictim }: Tally): string[] {
  const each = Object.entries(byVictim).map(([victim, count]) => `${victim} ${count}`);
  return [`${tried} faults tried, ${held} held, ${lost.length} lost (${each.join(', ')}; ${missed} found nobody)`];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      kills: { type: 'string' },
      only: { type: 'string' },
      minutes: { type: 'string' },
      burst: { type: 'string' },
    },
  });
  const only = values.only as Victim | undefined;
  if (only && !victims.includes(only)) throw new Error(`--only is one of ${victims.join(', ')}`);
  const options = {
    seed: Number(values.seed ?? Date.now() % 1_000_000),
    kills: Number(values.kills ?? 500),
    limitMs: Number(values.minutes ?? 120) * 60_000,
    burst: Number(values.burst ?? 1),
    only,
  };
  const { lost, tried } = await runFaults(options, (line) => console.log(line));
  process.exitCode = lost.length > 0 || tried === 0 ? 1 : 0;
}

if (process.argv[1]?.endsWith('faults/main.js')) await main();
