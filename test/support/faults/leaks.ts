/** What an engine has on the machine that none of its records asks for. */
import type { Folders, Footprint } from './footprint.js';

/** What the API says there is. */
export interface Known {
  /** Of all containers. */
  readonly containers: readonly string[];
  readonly running: readonly { readonly id: string; readonly addresses: readonly string[] }[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

/** Sentences, one a leak; none is what a test wants. Pure. */
export function findLeaks(print: Footprint, known: Known, folders: Folders): string[] {
  const all = new Set(known.containers);
  const live = new Set(known.running.map(({ id }) => id));
  const short = new Set([...live].map((id) => id.slice(0, 16)));
  const bridges = new Set(known.networks.map((id) => id.slice(0, 8)));
  const unknown = (what: string, names: readonly string[], isKnown: (name: string) => boolean) =>
    names.filter((name) => !isKnown(name)).map((name) => `${what} ${name}`);
  const endpoints = known.running.filter(({ addresses }) => addresses.length > 0);
  return [
    ...unknown('root', print.files.roots, (name) => all.has(name)),
    ...unknown('folder', print.files.containers, (name) => all.has(name)),
    ...unknown('volume', print.files.volumes, (name) => known.volumes.includes(name)),
    ...unknown('trash', print.files.trash, () => false),
    ...unknown('ingest', print.files.ingest, () => false),
    ...unknown('group', print.groups, (name) => live.has(name)),
    ...unknown('monitor socket', print.monitors, (name) => short.has(name)),
    ...unknown('bridge', print.bridges, (name) => bridges.has(name.slice(7))),
    ...unknown('mount', print.mounts, (target) =>
      [...live].some((id) => target.startsWith(`${folders.home}/roots/${id}`)),
    ),
    ...unknown('process', strays(print, live), () => false),
    ...unknown('monitor', idleMonitors(print), () => false),
    ...firewallLeaks(
      print.firewall,
      endpoints.flatMap(({ addresses }) => addresses),
    ),
    ...(print.veths.length > endpoints.reduce((sum, { addresses }) => sum + addresses.length, 0)
      ? [`veths ${print.veths.join(', ')} for ${endpoints.length} containers with a network`]
      : []),
  ];
}

/** Processes in a group of no running container, and launchers of an engine that is gone. */
function strays(print: Footprint, live: ReadonlySet<string>): string[] {
  return print.processes
    .filter(({ group }) => group !== undefined && !live.has(group))
    .map(({ pid, command, group }) => `${pid} (${command}) in ${group}`);
}

/** As many as an engine has in waiting for its next jobs (those of a launcher that was killed serve too), and some under way. */
const SPARE = 4;

/** Processes of a launcher, this one or one that is gone, that are parents of no container, when they are too many. */
function idleMonitors({ processes, engine }: Footprint): string[] {
  const inGroups = new Set(processes.flatMap(({ group, parent }) => (group === undefined ? [] : [parent])));
  const launcher = processes.find(({ parent }) => engine !== undefined && parent === engine)?.pid;
  const idle = processes.filter(
    ({ pid, group, parent }) =>
      ![engine, launcher].includes(pid) && group === undefined && !inGroups.has(pid) && [1, launcher].includes(parent),
  );
  return idle.length > SPARE ? idle.map(({ pid, command }) => `${pid} (${command})`) : [];
}

/** Targets of published ports that no container has any more. */
function firewallLeaks(table: string, addresses: readonly string[]): string[] {
  const targets = [...table.matchAll(/: (\d+\.\d+\.\d+\.\d+) \. \d+/g)].map((match) => match[1]!);
  return targets.filter((one) => !addresses.includes(one)).map((one) => `nft target ${one}`);
}

/** What is left when an engine was told to end and leave nothing. */
export function findRemains(print: Footprint): string[] {
  return [
    ...print.processes.map(({ pid, command }) => `process ${pid} ${command}`),
    ...print.mounts.map((name) => `mount ${name}`),
    ...print.veths.map((name) => `veth ${name}`),
    ...print.groups.map((name) => `group ${name}`),
    ...print.monitors.map((name) => `monitor socket ${name}`),
    ...print.files.trash.map((name) => `trash ${name}`),
    ...print.files.ingest.map((name) => `ingest ${name}`),
  ];
}
