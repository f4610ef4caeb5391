/** `container …`: any container of the engine, by its name or id. */
import type { ContainerSummary } from '../../engine/answers.js';
import {
  containerChanges,
  containerLogs,
  inspectContainer,
  listContainers,
  pruneContainers,
} from '../../engine/containers.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../model/bytes.js';
import { composeLabel } from '../../model/labels.js';
import { portsText, type ShownPort } from '../../model/published-ports.js';
import { toUnixTime } from '../logs.js';
import { ago } from '../ps.js';
import type { Session } from '../session.js';
import { confirmed, prunedText } from './each.js';
import { filtersOf, labelsText } from './filters.js';

/** The fields of `docker ps --format`. */
export interface EngineContainerRow {
  readonly ID: string;
  readonly Image: string;
  readonly Command: string;
  readonly CreatedAt: string;
  readonly RunningFor: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: string;
  readonly Names: string;
  readonly Labels: string;
  readonly Mounts: string;
  readonly Networks: string;
  readonly LocalVolumes: string;
  readonly Size: string;
  readonly Project: string;
  readonly Service: string;
  readonly Label: (name: string) => string;
}

export interface ListRequest {
  readonly all: boolean;
  readonly last: number | undefined;
  readonly filter: readonly string[] | undefined;
  readonly truncate: boolean;
}

export async function listEngineContainers(session: Session, request: ListRequest): Promise<EngineContainerRow[]> {
  const all =
    request.all || request.last !== undefined || (request.filter ?? []).some((one) => one.startsWith('status='));
  const summaries = await listContainers(await session.engine(), filtersOf(request.filter), all);
  const newestFirst = [...summaries].sort((a, b) => b.Created - a.Created);
  const now = Date.now() / 1000;
  return newestFirst.slice(0, request.last ?? newestFirst.length).map((one) => rowOf(one, request.truncate, now));
}

function rowOf(one: ContainerSummary, truncate: boolean, now: number): EngineContainerRow {
  const labels = one.Labels ?? {};
  const command = truncate && one.Command.length > 20 ? `${one.Command.slice(0, 19)}…` : one.Command;
  const mounts = one.Mounts ?? [];
  return {
    ID: truncate ? one.Id.slice(0, 12) : one.Id,
    Image: one.Image,
    Command: JSON.stringify(command),
    CreatedAt: new Date(one.Created * 1000).toISOString(),
    RunningFor: ago(now - one.Created),
    State: one.State,
    Status: one.Status,
    Ports: portsText((one.Ports ?? []).map(shownPort)),
    Names: one.Names.map((name) => name.replace(/^\//, '')).join(','),
    Labels: labelsText(labels),
    Mounts: mounts.map(({ Name, Source }) => Name || Source).join(','),
    Networks: Object.keys(one.NetworkSettings?.Networks ?? {}).join(','),
    LocalVolumes: String(mounts.filter(({ Type }) => Type === 'volume').length),
    Size: formatBytes(one.SizeRw ?? 0),
    Project: labels[composeLabel.project] ?? '',
    Service: labels[composeLabel.service] ?? '',
    Label: (name: string) => labels[name] ?? '',
  };
}

const shownPort = ({
  IP,
  PublicPort,
  PrivatePort,
  Type,
}: NonNullable<ContainerSummary['Ports']>[number]): ShownPort => ({
  ip: IP,
  target: PrivatePort,
  published: PublicPort,
  protocol: Type,
});

/** `C /etc`, `A /etc/new`, `D /etc/old` */
export async function printChanges(session: Session, container: string): Promise<void> {
  const changes = await containerChanges(await session.engine(), container);
  await session.terminal.data(changes.map(({ Kind, Path }) => `${'CAD'[Kind] ?? '?'} ${Path}\n`).join(''));
}

/** `80/tcp -> 127.0.0.1:8080`, or the places of one port alone. Throws UserError `no-port`. */
export async function printPorts(session: Session, container: string, wanted: string | undefined): Promise<void> {
  const { NetworkSettings } = await inspectContainer(await session.engine(), container);
  const only = wanted === undefined || wanted.includes('/') ? wanted : `${wanted}/tcp`;
  const lines = Object.entries(NetworkSettings.Ports ?? {}).flatMap(([port, hosts]) =>
    only !== undefined && only !== port
      ? []
      : (hosts ?? []).map(({ HostIp, HostPort }) => {
          const place = `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`;
          return only === undefined ? `${port} -> ${place}\n` : `${place}\n`;
        }),
  );
  if (only !== undefined && lines.length === 0)
    throw new UserError('no-port', `no public port '${only}' published for ${container}`);
  await session.terminal.data(lines.join(''));
}

export interface EngineLogsRequest {
  readonly container: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tail: string;
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** Its output as it is: what it wrote to standard error goes to ours. */
export async function showContainerLogs(session: Session, request: EngineLogsRequest): Promise<void> {
  const { container, since, until, ...rest } = request;
  const engine = await session.engine();
  const { Config } = await inspectContainer(engine, container);
  const now = Date.now();
  const frames = containerLogs(engine, container, {
    ...rest,
    tty: Config.Tty,
    ...(since ? { since: toUnixTime(since, now) } : {}),
    ...(until ? { until: toUnixTime(until, now) } : {}),
  });
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, data } of frames) {
    const text = decoders[stream].decode(data, { stream: true });
    await (stream === 'stdout' ? session.terminal.data(text) : session.terminal.status(text));
  }
}

export async function pruneStoppedContainers(
  session: Session,
  { force, filter }: { force: boolean; filter: readonly string[] | undefined },
): Promise<void> {
  if (!(await confirmed(session, 'This will remove all stopped containers.', force))) return;
  const answer = await pruneContainers(await session.engine(), filtersOf(filter));
  await session.terminal.data(prunedText('Deleted Containers', answer.ContainersDeleted ?? [], [answer]));
}
