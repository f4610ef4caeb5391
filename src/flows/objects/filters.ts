import type { Filters } from '../../engine/containers.js';
import { UserError } from '../../errors.js';

/** `--filter KEY=VALUE`, as often as it comes, in the form of the Engine API. Throws UserError `bad-filter`. */
export function filtersOf(given: readonly string[] | undefined): Filters {
  const filters: Record<string, string[]> = {};
  for (const text of given ?? []) {
    const at = text.indexOf('=');
    if (at < 1) {
      throw new UserError('bad-filter', `invalid argument "${text}" for --filter: it should be KEY=VALUE`);
    }
    const key = text.slice(0, at).trim().toLowerCase();
    const list = filters[key] ?? [];
    filters[key] = [...list, text.slice(at + 1).trim()];
  }
  return filters;
}

/** `KEY=VALUE` pairs; a key alone has an empty value. */
export function pairsOf(given: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** `a=1,b=2`, sorted, as the docker command prints labels. */
export const labelsText = (labels: Readonly<Record<string, string>> | null | undefined): string =>
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
