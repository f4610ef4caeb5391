import type { HostConfig } from '../../engine/host-config.js';

/** Maps and lists, which are left out when nothing is in them; other objects are there when they were asked for. */
const COLLECTIONS = new Set(['Labels', 'Options']);

/** The mounts that a client asked for, as Docker gives them back: without what says nothing (`omitempty` of its types). */
export function shownMounts(mounts: HostConfig['Mounts']): { readonly Mounts?: HostConfig['Mounts'] } {
  return mounts === undefined ? {} : { Mounts: mounts.map((mount) => withoutEmpty(mount)) };
}

function withoutEmpty<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([key, one]) => !isEmpty(key, one));
  return Object.fromEntries(entries.map(([key, one]) => [key, isPlain(one) ? withoutEmpty(one) : one])) as T;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isEmpty(key: string, value: unknown): boolean {
  if (!value) return true;
  return COLLECTIONS.has(key) && Object.keys(value).length === 0;
}
