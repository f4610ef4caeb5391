/** What proc(5) tells of the processes that belong to one engine. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** The network namespace's number. */
  readonly network: string;
  /** Below the engine's group: the container's or the step's id. */
  readonly group: string | undefined;
}

/** Undefined for a process that is gone, a zombie, or a thread of the kernel. */
function factsOf(pid: number, groupName: string): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const group = new RegExp(`/${groupName}/([^/\\n]+)`).exec(groups)?.[1];
    const network = readlinkSync(`/proc/${pid}/ns/net`);
    return { pid, parent: Number(parent), command, network, group };
  } catch {
    return undefined;
  }
}

/** Processes of an engine: those that name its runtime folder, its program's own process, and all in its groups. */
export function processesOf(runtime: string, groupName: string, enginePid: number | undefined): ProcessFacts[] {
  const socket = path.join(runtime, 'launcher.sock');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => factsOf(Number(name), groupName))
    .filter((facts) => facts !== undefined)
    .filter(({ pid, command, group }) => pid === enginePid || group !== undefined || command.includes(socket));
}

/** The engine's pid as its file tells it, when that process lives. */
export function livingEngine(runtime: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(runtime, 'engine.pid'), 'utf8'), 10);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes('engine-main') ? pid : undefined;
  } catch {
    return undefined;
  }
}
