/** What applies at which path, as a tree that is walked along with the config: no path is ever matched as text. */

export interface Rules<T> {
  readonly here?: T;
  /** By key; `*` stands for any key of a mapping, `[]` for any item of a sequence. */
  readonly below?: Readonly<Record<string, Rules<T>>>;
}

interface Growing<T> {
  here?: T;
  below?: Record<string, Growing<T>>;
}

/** Rules from dotted patterns: `{'services.*.ports.[].target': rule}`. */
export function rulesFrom<T>(table: Readonly<Record<string, T>>): Rules<T> {
  const root: Growing<T> = {};
  for (const [pattern, rule] of Object.entries(table)) {
    let at = root;
    for (const part of pattern.split('.')) {
      at.below ??= Object.create(null) as Record<string, Growing<T>>;
      at = at.below[part] ??= {};
    }
    at.here = rule;
  }
  return root;
}

/** The rules for a key of a mapping. */
export const ruleForKey = <T>(rules: Rules<T> | undefined, key: string): Rules<T> | undefined =>
  rules?.below?.[key] ?? rules?.below?.['*'];

/** The rules for the items of a sequence. */
export const ruleForItem = <T>(rules: Rules<T> | undefined): Rules<T> | undefined =>
  rules?.below?.['[]'] ?? rules?.below?.['*'];
