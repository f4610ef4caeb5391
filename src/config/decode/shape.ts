/**
 * The form in which a config's attributes end up, said as small functions that are put together: what a value has to be, how it is
 * written out, and when it is left out. The order of a struct's fields is the order in which they are printed.
 */
import type { Problems } from '../problems.js';
import type { Mark } from '../read/source.js';
import { emptyObject, type Plain, scalarText } from '../tree/plain.js';
import { setExtensions } from './extensions.js';

export interface Decoding {
  /** Of the value that is being looked at; it grows and shrinks with the walk. */
  readonly path: string[];
  readonly problems: Problems;
  /** Where the value at a path is written. */
  readonly locate: (path: readonly string[]) => Mark | undefined;
}

/** The value in its final form; undefined leaves the key out. `value` is undefined where the config has no such key. */
export interface Shape {
  (value: Plain | undefined, at: Decoding): Plain | undefined;
  /** Gives something even where the config has no such key. */
  readonly fillsIn?: true;
}

export const fillingIn = (shape: Shape): Shape => Object.assign(shape.bind(undefined), { fillsIn: true as const });

/** What `visit` gives for the value below `key`. */
export function within<T>(at: Decoding, key: string | number, visit: () => T): T {
  at.path.push(String(key));
  const result = visit();
  at.path.pop();
  return result;
}

/** Tells what is wrong with the value here. */
export function complain(at: Decoding, code: string, sentence: string, ...steps: string[]): undefined {
  at.problems.add(code, sentence, at.locate(at.path), steps);
  return undefined;
}

const isMissing = (value: Plain | undefined): value is null | undefined => value === undefined || value === null;

export const isObject = (value: Plain | undefined): value is { [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** A scalar as text; null is the empty text. */
export function textOf(value: Plain | undefined): string {
  return value === undefined || Array.isArray(value) || isObject(value) ? '' : scalarText(value);
}

/** Left out when empty. */
export const text: Shape = (value) => textOf(value) || undefined;

/** Text that stays when it is empty: an item of a list, a value of a mapping. */
export const anyText: Shape = (value) => textOf(value);

/** Text or null, both of which mean something: the value of a variable. */
export const variable: Shape = (value) => (isMissing(value) ? null : textOf(value));

const truth = (value: Plain | undefined, at: Decoding): boolean | undefined => {
  if (typeof value === 'boolean') return value;
  const word = textOf(value).toLowerCase();
  if (['true', 'y', 'yes', 'on'].includes(word)) return true;
  if (['false', 'n', 'no', 'off'].includes(word)) return false;
  return complain(
    at,
    'wrong-type',
    `${at.path.join('.')} must be true or false, not ${JSON.stringify(textOf(value))}.`,
    'Write true or false.',
  );
};

/** Left out when false. */
export const flag: Shape = (value, at) => (isMissing(value) ? undefined : truth(value, at) || undefined);

/** false means something else than nothing. */
export const choice: Shape = (value, at) => (isMissing(value) ? undefined : truth(value, at));

function numberOf(value: Plain, at: Decoding, what: string): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  const written = textOf(value).trim();
  if (/^[-+]?\d+$/.test(written)) return Number(written);
  if (what === 'a number' && written !== '' && Number.isFinite(Number(written))) return Number(written);
  return complain(
    at,
    'wrong-type',
    `${at.path.join('.')} must be ${what}, not ${JSON.stringify(written)}.`,
    'Change the value.',
  );
}

/** A whole number that is left out when 0; a broken one loses its fraction. */
export const integer: Shape = (value, at) => wholeOf(value, at) || undefined;

/** A whole number for which 0 means something else than nothing. */
export const anyInteger: Shape = (value, at) => wholeOf(value, at);

/** A count: 0 stays, and there are none below. */
export const count: Shape = (value, at) => {
  const number = wholeOf(value, at);
  if (number === undefined || number >= 0) return number;
  return complain(
    at,
    'wrong-type',
    `${at.path.join('.')} must not be negative, but is ${number}.`,
    'Change the value.',
  );
};

function wholeOf(value: Plain | undefined, at: Decoding): number | bigint | undefined {
  if (isMissing(value)) return undefined;
  const number = numberOf(value, at, 'a whole number');
  return typeof number === 'number' ? Math.trunc(number) : number;
}

/** Of single precision, left out when 0. */
export const float: Shape = (value, at) => {
  if (isMissing(value)) return undefined;
  const number = numberOf(value, at, 'a number');
  return number === undefined ? undefined : singlePrecision(Number(number)) || undefined;
};

/** The shortest number that is the same in 32 bits. */
function singlePrecision(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 10; digits += 1) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return single;
}

/** Of double precision, left out when 0. */
export const double: Shape = (value, at) =>
  isMissing(value) ? undefined : Number(numberOf(value, at, 'a number') ?? 0) || undefined;

/** Left out when there are none. */
export const list =
  (item: Shape): Shape =>
  (value, at) => {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.map((one, index) => within(at, index, () => item(one, at)) ?? null);
  };

/** With its keys sorted; left out when there are none. */
export const map =
  (item: Shape): Shape =>
  (value, at) => {
    if (!isObject(value)) return undefined;
    const keys = Object.keys(value).sort();
    if (keys.length === 0) return undefined;
    const result = emptyObject();
    for (const key of keys) result[key] = within(at, key, () => item(value[key], at)) ?? null;
    return result;
  };

/** As `map`, without the keys that come to nothing. */
export const mapOfSome =
  (item: Shape): Shape =>
  (value, at) => {
    const all = map(item)(value, at);
    return isObject(all) ? Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null)) : undefined;
  };

export type Fields = Readonly<Record<string, Shape>>;

/** A mapping with known keys; left out when it is not there, `{}` when it is there and says nothing. Keys with `x-` are kept aside. */
export function struct(fields: Fields): Shape {
  const known = Object.entries(fields);
  return (value, at) => (isObject(value) ? fieldsOf(known, value, at) : undefined);
}

/** As `struct`, but there even where the config has none. */
export function always(fields: Fields): Shape {
  const known = Object.entries(fields);
  return fillingIn((value, at) => fieldsOf(known, isObject(value) ? value : {}, at));
}

/** As `struct`, but null where the config says null. */
export function structOrNull(fields: Fields): Shape {
  const known = Object.entries(fields);
  return (value, at) => (isObject(value) ? fieldsOf(known, value, at) : null);
}

function fieldsOf(fields: readonly (readonly [string, Shape])[], value: { [key: string]: Plain }, at: Decoding): Plain {
  const result = emptyObject();
  for (const [key, shape] of fields) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    if (given === undefined && !shape.fillsIn) continue;
    at.path.push(key);
    const field = shape(given, at);
    at.path.pop();
    if (field !== undefined) result[key] = field;
  }
  for (const key of Object.keys(value)) {
    if (!key.startsWith('x-')) continue;
    setExtensions(result, Object.fromEntries(Object.entries(value).filter(([name]) => name.startsWith('x-'))));
    break;
  }
  return result;
}
