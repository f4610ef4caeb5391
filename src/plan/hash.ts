import { createHash } from 'node:crypto';
import type { Project, ProjectNetwork, ProjectVolume, Service } from '../model/project.js';

/** Keys that say nothing of the container itself: how its image comes about, how many there are, when they start. */
const notOfTheContainer = new Set(['name', 'build', 'pull_policy', 'scale', 'depends_on', 'profiles']);

export interface ConfigHash {
  /**
   * The very number that Compose computes, so that each tool takes the other's containers as they are: SHA-256 over the
   * service as Go prints it, its keys in the order in which the loader gives them (Compose's ServiceHash).
   */
  readonly whole: string;
  /** Top-level key → 8 hex digits; also what Compose does not look at, the content of secrets and configs. */
  readonly parts: Readonly<Record<string, string>>;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The identity of a service's containers, its image's content aside. */
export function hashService(project: Project, service: Service): ConfigHash {
  const own = containerKeys(service);
  const parts: Record<string, string> = {};
  for (const [key, value] of Object.entries(own)) {
    if (value !== null) parts[key] = sha256(goJson(value)).slice(0, 8);
  }
  for (const kind of ['secrets', 'configs'] as const) {
    const used = (service[kind] as readonly { source?: string }[] | undefined) ?? [];
    const contents = used.map((one) => project[kind][one.source ?? '']?.content ?? '').join('\n');
    if (contents.trim()) parts[`content of ${kind}`] = sha256(contents).slice(0, 8);
  }
  return { whole: sha256(goJson(own)), parts };
}

function containerKeys(service: Service): Record<string, unknown> {
  const kept = Object.entries(service).filter(([key, value]) => !notOfTheContainer.has(key) && value !== undefined);
  return Object.fromEntries(kept.map(([key, value]) => [key, asCompose(key, value)]));
}

/** Two keys are not as the config has them: `deploy` loses its replicas, `blkio_config` has Go's own names inside. */
function asCompose(key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (key === 'deploy') {
    const { replicas: _, ...rest } = value as Record<string, unknown>;
    return rest;
  }
  if (key !== 'blkio_config') return value;
  const lists = Object.entries(value).map(([name, items]) => [
    name,
    Array.isArray(items) ? items.map(capitalKeys) : items,
  ]);
  return Object.fromEntries(lists);
}

const capitalKeys = (item: object) =>
  Object.fromEntries(Object.entries(item).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]));

/** JSON as Go writes it: without spaces, five characters escaped, small and large numbers with two digits of exponent. */
export function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => goJson(item ?? null)).join(',')}]`;
  if (typeof value === 'string') return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escaped);
  if (typeof value === 'number') return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${goJson(key)}:${goJson(item)}`).join(',')}}`;
}

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

export function hashNetwork(network: ProjectNetwork): string {
  return sha256(goJson(network));
}

/** Compose fills in the driver before it looks. */
export function hashVolume({ name, driver, ...rest }: ProjectVolume): string {
  return sha256(goJson({ name, driver: driver || 'local', ...rest }));
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
