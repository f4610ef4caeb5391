import { execa } from 'execa';

/** Medians of fewer runs than this are not quoted. */
export const rounds = 20;

/** Of what takes milliseconds: engines and this client have run it before, as those that a person works with have. */
export const manyRounds = { runs: 50, warm: 10 } as const;

/** One line of the report. Of a rate, more is better. */
export interface Figure {
  readonly name: string;
  readonly unit: 'ms' | 'kB' | 'MB' | 'MB/s' | 'lines/s' | 'requests';
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly runs: number;
}

export function figure(name: string, unit: Figure['unit'], values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { name, unit, median, minimum: sorted[0]!, maximum: sorted.at(-1)!, runs: sorted.length };
}

/** Milliseconds that `work` takes, once for each round after the `warm` ones, which do not count. */
export async function time(
  work: (round: number) => Promise<void>,
  { runs, warm }: { runs: number; warm: number } = { runs: rounds, warm: 1 },
): Promise<number[]> {
  for (let round = -warm; round < 0; round++) await work(round);
  const values: number[] = [];
  for (let round = 0; round < runs; round++) {
    const began = performance.now();
    await work(round);
    values.push(performance.now() - began);
  }
  return values;
}

/** Runs a program to its end and returns what it printed; throws with its error output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const env = { ...(options.env ?? process.env) };
  delete env.NODE_EXTRA_CA_CERTS;
  const { cwd = process.cwd() } = options;
  const { stdout } = await execa(command, args, {
    cwd,
    env,
    extendEnv: false,
    stdin: 'ignore',
    maxBuffer: 100_000_000,
  });
  return stdout;
}
