import { createHash } from 'node:crypto';
import type { Project, ProjectNetwork, ProjectVolume, Service } from '../model/project.js';

/**
 * Keys that say nothing of the container itself: how its image comes about, how many there are, in which order they
 * start. Changing them recreates nothing (the same set as in Compose's own hash).
 */
const notOfTheContainer = new Set(['name', 'build', 'pull_policy', 'scale', 'depends_on', 'profiles', 'develop']);

/** JSON with sorted keys and without undefined, so that the order in the file is not a change. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${entries.join(',')}}`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export interface ConfigHash {
  /** 64 hex digits. */
  readonly whole: string;
  /** Top-level key → 8 hex digits. */
  readonly parts: Readonly<Record<string, string>>;
}

/** The identity of a service's containers, its image's content aside. */
export function hashService(project: Project, service: Service): ConfigHash {
  const parts: Record<string, string> = {};
  const add = (key: string, value: unknown) => {
    if (value !== undefined && value !== null) parts[key] = sha256(canonicalJson(value)).slice(0, 8);
  };
  for (const [key, value] of Object.entries(service))
    if (!notOfTheContainer.has(key)) add(key, withoutReplicas(key, value));
  for (const kind of ['secrets', 'configs'] as const) {
    const used = (service[kind] as readonly { source?: string }[] | undefined) ?? [];
    const sources = used.map((one) => project[kind][one.source ?? '']);
    if (used.length) add(kind, [used, sources]);
  }
  return { whole: sha256(canonicalJson(parts)), parts };
}

function withoutReplicas(key: string, value: unknown): unknown {
  if (key !== 'deploy' || value === null || typeof value !== 'object') return value;
  const { replicas: _, ...rest } = value as Record<string, unknown>;
  return Object.keys(rest).length ? rest : undefined;
}

export function hashNetwork(network: ProjectNetwork): string {
  return sha256(canonicalJson(network));
}

export function hashVolume(volume: ProjectVolume): string {
  return sha256(canonicalJson(volume));
}

/** What differs between the label of what runs and the config of now, in words: `image, environment`. */
export function changedParts(
  before: Readonly<Record<string, string>> | undefined,
  now: Readonly<Record<string, string>>,
): string[] {
  if (!before) return [];
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].filter((key) => before[key] !== now[key]).sort();
}
