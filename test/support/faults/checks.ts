/** What has to hold after a fault: sentences of what does not. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestOn } from '../engine.js';
import { type Folders, takeFootprint } from './footprint.js';
import { findLeaks, type Known } from './leaks.js';
import { runtimeOf } from './victims.js';
import type { World } from './world.js';

interface Row {
  readonly Id: string;
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

interface Inspected {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** Of each service of the project `keep`: what changes only when its own processes are killed. */
export type Kept = Readonly<Record<string, { readonly id: string; readonly startedAt: string; readonly pid: number }>>;

export const foldersOf = (world: World): Folders => ({ home: world.project.home, runtime: runtimeOf(world) });

export async function readKept(world: World): Promise<Kept> {
  const kept = (await list(world)).filter(({ Labels }) => Labels['com.docker.compose.project'] === 'keep');
  const inspected = await Promise.all(kept.map(({ Id }) => inspect(world, Id)));
  return Object.fromEntries(
    inspected.map(({ Id, State }, at) => [
      kept[at]!.Labels['com.docker.compose.service']!,
      { id: Id, startedAt: State.StartedAt, pid: State.Running ? State.Pid : 0 },
    ]),
  );
}

const list = (world: World) => world.get<Row[]>('/containers/json?all=1');
const inspect = (world: World, id: string) => world.get<Inspected>(`/containers/${id}/json`);

/** Asks again until nothing is wrong, or the time is up; gives what is wrong then. */
export async function settle(limitMs: number, look: () => Promise<string[]>): Promise<string[]> {
  const until = Date.now() + limitMs;
  for (;;) {
    const wrong = await look().catch((error: Error) => [error.message]);
    if (wrong.length === 0 || Date.now() > until) return wrong;
    await sleep(150);
  }
}

/** `web`, `worker`, `db` and `remote` run, `job` has ended with 7 and all of its lines. */
export async function wantedState(world: World): Promise<string[]> {
  const rows = (await list(world)).filter(({ Labels }) => Labels['com.docker.compose.project'] === 'shop');
  const wrong: string[] = [];
  for (const service of ['web', 'worker', 'db', 'remote', 'job']) {
    const mine = rows.filter(({ Labels }) => Labels['com.docker.compose.service'] === service);
    const usual = mine.filter(({ Labels }) => Labels['com.docker.compose.oneoff'] !== 'True');
    if (usual.length !== 1) wrong.push(`${usual.length} containers of ${service}`);
    for (const { Id } of usual) wrong.push(...stateOf(service, await inspect(world, Id)));
  }
  if (wrong.length > 0) return wrong;
  return [...(await portAnswers(world.ports.web, '/stamp')), ...(await jobLines(world))];
}

function stateOf(service: string, { State }: Inspected): string[] {
  if (service === 'job')
    return State.Status === 'exited' && State.ExitCode === 7 ? [] : [`job is ${State.Status} with ${State.ExitCode}`];
  if (State.Status !== 'running') return [`${service} is ${State.Status} with ${State.ExitCode}`];
  if (State.Health && State.Health.Status !== 'healthy') return [`${service} is ${State.Health.Status}`];
  return [];
}

/** Of each run of the job that was not cut short, the last one at least, every line. */
async function jobLines(world: World): Promise<string[]> {
  const { stdout } = await world.project.devenv('logs', '--no-log-prefix', 'job');
  const last = stdout.trim().split('\n').slice(-20);
  const wanted = Array.from({ length: 20 }, (_, at) => `row ${at + 1}`);
  return last.join() === wanted.join() ? [] : [`the job's last lines are ${last.join(', ')}`];
}

async function portAnswers(port: number, url: string): Promise<string[]> {
  const { status } = await fetch(`http://127.0.0.1:${port}${url}`, { signal: AbortSignal.timeout(3000) }).catch(
    (error: Error) => ({ status: `${error.message} ${(error.cause as Error | undefined)?.message ?? ''}` }),
  );
  return status === 200 ? [] : [`port ${port} answers ${status}`];
}

/** The containers that nothing should touch: the same, running, with the same process unless theirs was killed. */
export async function keptLive(world: World, before: Kept, hit: ReadonlySet<string>): Promise<string[]> {
  const now = await readKept(world);
  const wrong = ['steady', 'talker'].flatMap((service) => {
    const was = before[service];
    const is = now[service];
    if (!is || !was || is.id !== was.id) return [`${service} is another container, or gone`];
    if (is.pid === 0) return [`${service} does not run`];
    if (!hit.has(service) && is.startedAt !== was.startedAt) return [`${service} was started again`];
    return [];
  });
  return wrong.length > 0 ? wrong : portAnswers(world.ports.steady, '/passwd');
}

/** The talker counts: a start counts from 0 again, and no number in between is missing. Its shell tells of a child that was killed. */
export async function keptLines(world: World): Promise<string[]> {
  const { stdout, code, stderr } = await world.keep('logs', '--no-log-prefix', 'talker');
  if (code !== 0) return [`logs ended with ${code}: ${stderr}`];
  const lines = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== 'Killed');
  const gap = lines.findIndex((line, at) => {
    const [, number] = /^line (\d+)$/.exec(line) ?? [];
    const last = Number(/^line (\d+)$/.exec(lines[at - 1] ?? '')?.[1] ?? -1);
    return number === undefined || (Number(number) !== 0 && Number(number) !== last + 1);
  });
  return gap < 0 ? [] : [`the talker's lines go ${lines.slice(Math.max(0, gap - 2), gap + 2).join(', ')}`];
}

/** Every container, image, network and volume that is listed can be looked at, and no byte of an image is damaged. */
export async function recordsOpen(world: World): Promise<string[]> {
  const [containers, images, networks, volumes] = await Promise.all([
    list(world),
    world.get<{ Id: string }[]>('/images/json?all=1'),
    world.get<{ Id: string }[]>('/networks'),
    world.get<{ Volumes: { Name: string }[] | null }>('/volumes'),
  ]);
  const urls = [
    ...containers.map(({ Id }) => `/containers/${Id}/json`),
    ...images.map(({ Id }) => `/images/${Id}/json`),
    ...networks.map(({ Id }) => `/networks/${Id}`),
    ...(volumes.Volumes ?? []).map(({ Name }) => `/volumes/${Name}`),
  ];
  // One after the other: many connections at once are another test's matter.
  const failed: string[] = [];
  for (const url of urls) await world.get(url).catch((error: Error) => failed.push(error.message));
  const { status, json, text } = await requestOn(world.project.socket, 'POST', '/devenv/check');
  if (status !== 200) return [...failed, `check: ${status} ${text}`];
  return [...failed, ...json.problems.map((one: object) => JSON.stringify(one))];
}

export async function nothingLeaked(world: World): Promise<string[]> {
  const folders = foldersOf(world);
  const print = takeFootprint(folders);
  return findLeaks(print, await readKnown(world), folders);
}

async function readKnown(world: World): Promise<Known> {
  const rows = await list(world);
  const inspected = await Promise.all(rows.map(({ Id }) => inspect(world, Id)));
  const networks = await world.get<{ Id: string }[]>('/networks');
  const volumes = await world.get<{ Volumes: { Name: string }[] | null }>('/volumes');
  return {
    containers: rows.map(({ Id }) => Id),
    running: inspected
      .filter(({ State }) => State.Running)
      .map(({ Id, NetworkSettings }) => ({
        id: Id,
        addresses: Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : [])),
      })),
    networks: networks.map(({ Id }) => Id),
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name),
  };
}

/** Stack traces and the like in what the engine has written since `offset`. */
export function engineFaults(world: World, offset: number): { readonly wrong: string[]; readonly offset: number } {
  const bytes = readFileSync(path.join(runtimeOf(world), 'engine.log'));
  const text = bytes.subarray(offset).toString('utf8');
  const lines = text.split('\n').filter((line) => /^\s+at .*:\d+:\d+|Error: |unhandled|uncaught/i.test(line));
  return { wrong: lines.slice(0, 5).map((line) => `engine.log: ${line.trim()}`), offset: bytes.length };
}
