import { listContainers } from '../engine/containers.js';
import { UserError } from '../errors.js';
import { composeLabel } from '../model/labels.js';
import { portsText } from '../model/published-ports.js';
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
  /** How many of them are volumes of the driver `local`. */
  readonly LocalVolumes: string;
  /** Nobody asks the engine for it here, so that it is 0B, as in Compose. */
  readonly Size: string;
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

/** `status=STATE` of each; throws UserError `bad-filter` for anything else. */
export const statesOfFilters = (filters: readonly string[]): string[] =>
  filters.map((filter) => {
    const [key, ...value] = filter.split('=');
    if (value.length === 0) throw badFilter('arguments to --filter should be in form KEY=VAL');
    if (key !== 'status') throw badFilter(`unknown filter ${key}`);
    return value.join('=');
  });

const badFilter = (sentence: string): UserError =>
  new UserError('bad-filter', sentence, ['Write --filter status=STATE.']);

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
      CreatedAt: writtenTime(container.createdAt),
      Created: container.createdAt,
      RunningFor: ago(Date.now() / 1000 - container.createdAt),
      State: container.state,
      Status: summary.Status,
      Health: container.health ?? '',
      ExitCode: container.exitCode ?? 0,
      Ports: portsText(container.ports),
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
      Mounts: container.mounts
        .map((mount) => mount.name ?? mount.source)
        .map((name) => (request.truncate ? shorten(name, 15) : name))
        .join(','),
      LocalVolumes: String((summary.Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
      Size: '0B',
    }));
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** `3 minutes ago`, `About an hour ago`: the docker command's words and their bounds (go-units, HumanDuration). */
export function ago(seconds: number): string {
  const several = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  if (seconds < 1) return 'Less than a second ago';
  if (seconds < 60) return several(Math.floor(seconds), 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute ago';
  if (minutes < 60) return several(minutes, 'minute');
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return 'About an hour ago';
  if (hours < 48) return several(hours, 'hour');
  if (hours < 24 * 14) return several(Math.floor(hours / 24), 'day');
  if (hours < 24 * 60) return several(Math.floor(hours / 24 / 7), 'week');
  if (hours < 24 * 730) return several(Math.floor(hours / 24 / 30), 'month');
  return several(Math.floor(seconds / 86_400 / 365), 'year');
}

/** `2026-11-21 11:33:32 +0000 UTC`: how the docker command writes times, in the machine's own zone. */
export function writtenTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  const aheadMinutes = -date.getTimezoneOffset();
  const shown = new Date(date.getTime() + aheadMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const digits = (count: number) => String(Math.floor(Math.abs(count))).padStart(2, '0');
  const offset = `${aheadMinutes < 0 ? '-' : '+'}${digits(aheadMinutes / 60)}${digits(aheadMinutes % 60)}`;
  return `${shown} ${offset} ${aheadMinutes === 0 ? 'UTC' : offset}`;
}
