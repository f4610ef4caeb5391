/** `filters` as the API knows them: a set of values by key. Matching follows Docker's `api/types/filters`. */
import { EngineError } from '../errors.js';
import { nowNs } from './time.js';
import { parseTimestamp } from './timestamp.js';

const truthy = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falsy = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

export class Filters {
  constructor(readonly values: Readonly<Record<string, readonly string[]>>) {}

  /** Takes `{"label": ["a"]}` and the older `{"label": {"a": true}}`, whose values Docker does not look at; empty text is no filter. Throws `invalid`. */
  static parse(text: string): Filters {
    if (text === '') return new Filters({});
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new EngineError('invalid', 'invalid filter', { cause });
    }
    if (value === null) return new Filters({});
    if (typeof value !== 'object' || Array.isArray(value)) throw new EngineError('invalid', 'invalid filter');
    const values: Record<string, string[]> = {};
    for (const [key, entry] of Object.entries(value)) values[key] = entriesOf(entry);
    return new Filters(values);
  }

  /** Throws `invalid` for a key that the call does not know. */
  expectOnly(accepted: readonly string[]): void {
    for (const key of Object.keys(this.values))
      if (!accepted.includes(key)) throw new EngineError('invalid', `invalid filter '${key}'`);
  }

  get isEmpty(): boolean {
    return Object.values(this.values).every((entries) => entries.length === 0);
  }

  has(key: string): boolean {
    return this.get(key).length > 0;
  }

  get(key: string): readonly string[] {
    return this.values[key] ?? [];
  }

  /** No filter of this key, or one of its values is `value`. */
  matchesExactly(key: string, value: string): boolean {
    const wanted = this.get(key);
    return wanted.length === 0 || wanted.includes(value);
  }

  /** No filter of this key, or one of its values is a part of `value`: a regular expression, as Docker's `name` is. */
  matchesPart(key: string, value: string): boolean {
    const wanted = this.get(key);
    return wanted.length === 0 || wanted.some((entry) => value === entry || toPattern(entry).test(value));
  }

  /** Every `key=value` or `key` among the filter's values is there. */
  matchesLabels(key: string, labels: Readonly<Record<string, string>> | null | undefined): boolean {
    return this.get(key).every((entry) => hasLabel(labels, entry));
  }

  /** For `label!`: none of them is there. */
  lacksLabels(key: string, labels: Readonly<Record<string, string>> | null | undefined): boolean {
    return !this.get(key).some((entry) => hasLabel(labels, entry));
  }

  /** Throws `invalid` for a value that is no boolean or for both at once. */
  bool(key: string, otherwise: boolean): boolean {
    const values = this.get(key);
    if (values.length === 0) return otherwise;
    const isTrue = values.some((value) => truthy.has(value));
    const isFalse = values.some((value) => falsy.has(value));
    if (isTrue === isFalse) throw new EngineError('invalid', `invalid filter '${key}=[${values.join(' ')}]'`);
    return isTrue;
  }

  /** The one time of `until`, in nanoseconds since the epoch. Throws `kind` in Docker's words for two of them or for none. */
  until(kind: 'invalid' | 'system', key = 'until'): bigint | undefined {
    const [text, ...more] = this.get(key);
    if (text === undefined) return undefined;
    if (more.length > 0) throw new EngineError(kind, 'more than one until filter specified');
    try {
      return parseTimestamp(text, nowNs());
    } catch (cause) {
      throw new EngineError(kind, `failed to parse value as time or duration: ${JSON.stringify(text)}`, { cause });
    }
  }
}

/** Go's ParseBool; undefined for what is neither. */
export function parseGoBool(text: string): boolean | undefined {
  if (truthy.has(text)) return true;
  return falsy.has(text) ? false : undefined;
}

function entriesOf(entry: unknown): string[] {
  if (Array.isArray(entry) && entry.every((value) => typeof value === 'string')) return entry;
  if (entry !== null && typeof entry === 'object' && !Array.isArray(entry)) return Object.keys(entry);
  throw new EngineError('invalid', 'invalid filter');
}

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  }
}

/** Imported images may say `null` where there are no labels. */
function hasLabel(labels: Readonly<Record<string, string>> | null | undefined, entry: string): boolean {
  const at = entry.indexOf('=');
  const name = at < 0 ? entry : entry.slice(0, at);
  if (!labels || !Object.hasOwn(labels, name)) return false;
  return at < 0 || labels[name] === entry.slice(at + 1);
}
