import { listContainers } from '../engine/containers.js';
import { composeLabel } from '../model/labels.js';
import { decodeContainer } from '../observe/decode.js';
import { findProject } from './project.js';
import type { Session } from './session.js';

/** A container as `ps --format json` gives it: the fields and names of Compose. */
export interface ContainerRow {
  readonly ID: string;
  readonly Name: string;
  readonly Names: string;
  readonly Image: string;
  readonly Command: string;
  readonly Project: string;
  readonly Service: string;
  readonly CreatedAt: string;
  readonly Created: number;
  readonly RunningFor: string;
  readonly State: string;
  readonly Status: string;
  readonly Health: string;
  readonly ExitCode: number;
  readonly Ports: string;
  readonly Publishers: readonly { URL: string; TargetPort: number; PublishedPort: number; Protocol: string }[];
  readonly Labels: string;
  readonly Networks: string;
  readonly Mounts: string;
}

export interface PsRequest {
  readonly services: readonly string[];
  /** Also those that do not run. */
  readonly all: boolean;
  readonly states: readonly string[];
  readonly orphans: boolean;
  /** Cut ids and commands to what a line can hold. */
  readonly truncate: boolean;
}

export async function listProjectContainers(session: Session, request: PsRequest): Promise<ContainerRow[]> {
  const known = await findProject(session, request.services);
  const engine = await session.engine();
  const filters = { label: [`${composeLabel.project}=${known.name}`] };
  const summaries = await listContainers(engine, filters, request.all || request.states.length > 0);
  const services = known.loaded?.project.services;
  return summaries
    .map((summary) => ({ summary, container: decodeContainer(summary) }))
    .filter(({ container }) => !container.oneOff || request.all)
    .filter(({ container }) => request.services.length === 0 || request.services.includes(container.service))
    .filter(({ container }) => request.states.length === 0 || request.states.includes(container.state))
    .filter(({ container }) => request.orphans || !services || container.service in services)
    .sort((a, b) => (a.container.name < b.container.name ? -1 : 1))
    .map(({ summary, container }) => ({
      ID: request.truncate ? container.id.slice(0, 12) : container.id,
      Name: container.name,
      Names: container.name,
      Image: container.image,
      Command: JSON.stringify(request.truncate ? shorten(summary.Command, 20) : summary.Command),
      Project: known.name,
      Service: container.service,
      CreatedAt: new Date(container.createdAt * 1000).toISOString(),
      Created: container.createdAt,
      RunningFor: ago(Date.now() / 1000 - container.createdAt),
      State: container.state,
      Status: summary.Status,
      Health: container.health ?? '',
      ExitCode: container.exitCode ?? 0,
      Ports: container.ports.map(portText).sort().join(', '),
      Publishers: container.ports.map((port) => ({
        URL: port.ip ?? '',
        TargetPort: port.target,
        PublishedPort: port.published ?? 0,
        Protocol: port.protocol,
      })),
      Labels: Object.entries(container.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      Networks: container.networks.join(','),
      Mounts: container.mounts.map((mount) => mount.name ?? mount.source).join(','),
    }));
}

function portText({ ip, published, target, protocol }: ReturnType<typeof decodeContainer>['ports'][number]): string {
  if (!published) return `${target}/${protocol}`;
  const host = ip?.includes(':') ? `[${ip}]` : ip;
  return `${host ? `${host}:` : ''}${published}->${target}/${protocol}`;
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** `3 minutes ago`, as the docker command says it. */
export function ago(seconds: number): string {
  const steps: readonly [number, string][] = [
    [86_400 * 365, 'year'],
    [86_400 * 30, 'month'],
    [86_400 * 7, 'week'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  for (const [size, unit] of steps) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return seconds < 1
    ? 'Less than a second ago'
    : `${Math.floor(seconds)} second${Math.floor(seconds) === 1 ? '' : 's'} ago`;
}
