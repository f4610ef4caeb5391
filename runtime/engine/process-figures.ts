/** What processes use, added up from proc_pid_stat(5): where no control group counts. */
import { readFile } from 'node:fs/promises';

export interface Figures {
  readonly processes: number;
  readonly userTicks: number;
  readonly kernelTicks: number;
  /** Of each process, so that what they share is counted for each. */
  readonly residentBytes: number;
}

const PAGE_BYTES = 4096;

/** Of processes that live, with the children that they have waited for. */
export async function figuresOf(pids: readonly number[]): Promise<Figures> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.map(parseStat).reduce(add, { processes: 0, userTicks: 0, kernelTicks: 0, residentBytes: 0 });
}

/** The second field, in brackets, may hold anything. */
export function parseStat(text: string): Figures {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [at, pages] = [(number: number) => fields[number - 3] ?? 0, fields[21] ?? 0];
  if (text === '') return { processes: 0, userTicks: 0, kernelTicks: 0, residentBytes: 0 };
  return {
    processes: 1,
    userTicks: at(14) + at(16),
    kernelTicks: at(15) + at(17),
    residentBytes: pages * PAGE_BYTES,
  };
}

function add(one: Figures, other: Figures): Figures {
  return {
    processes: one.processes + other.processes,
    userTicks: one.userTicks + other.userTicks,
    kernelTicks: one.kernelTicks + other.kernelTicks,
    residentBytes: one.residentBytes + other.residentBytes,
  };
}
