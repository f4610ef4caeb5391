/** `filters` of `/build/prune`: BuildKit's words for records of its cache. */
import type { CacheEntry } from '../../engine/build-context.js';
import { type Filters, parseGoBool } from '../../engine/filters.js';
import { EngineError } from '../../errors.js';
import type { Call } from '../routes.js';

const keys = ['until', 'unused-for', 'id', 'type', 'description', 'inuse', 'shared', 'private'] as const;

/** Which records a prune means; undefined: all of them. Throws `invalid`. */
export function readPruneFilters(call: Call): ((entry: CacheEntry) => boolean) | undefined {
  const filters = filtersOf(call);
  if (filters.isEmpty) return undefined;
  const usedBeforeMs = usedBefore(filters);
  const flag = (key: 'inuse' | 'shared' | 'private') => flagOf(filters, key);
  const [inUse, shared, own] = [flag('inuse'), flag('shared'), flag('private')];
  return (entry) =>
    (usedBeforeMs === undefined || entry.usedMs <= usedBeforeMs) &&
    filters.matchesExactly('id', entry.id) &&
    filters.matchesExactly('type', entry.type) &&
    filters.matchesExactly('description', entry.description) &&
    (inUse === undefined || inUse === entry.inUse) &&
    (shared === undefined || shared === entry.shared) &&
    (own === undefined || own === !entry.shared);
}

function filtersOf(call: Call): Filters {
  try {
    return call.query.filters(keys);
  } catch (cause) {
    const { message } = cause as Error;
    if (message === 'invalid filter') throw cause;
    throw new EngineError('invalid', `failed to prune build cache: ${message}`, { cause });
  }
}

/** Both spellings say how long nobody has used it. */
function usedBefore(filters: Filters): number | undefined {
  const key = filters.has('unused-for') ? 'unused-for' : 'until';
  try {
    const ns = filters.until('invalid', key);
    return ns === undefined ? undefined : Number(ns / 1_000_000n);
  } catch (cause) {
    const why = `"${key}" filter expects a duration (e.g., '24h') or a timestamp: ${(cause as Error).message}`;
    throw new EngineError('invalid', `failed to prune build cache: ${why}`, { cause });
  }
}

function flagOf(filters: Filters, key: string): boolean | undefined {
  const [text] = filters.get(key);
  if (text === undefined) return undefined;
  const value = parseGoBool(text);
  if (value === undefined)
    throw new EngineError('invalid', `failed to prune build cache: invalid filter '${key}=${text}'`);
  return value;
}
