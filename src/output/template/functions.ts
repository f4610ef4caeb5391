/** Functions of Go's text/template and of the docker command (docs.docker.com, "Format command and log output"). */
import { UserError } from '../../errors.js';

/** Go's truth: everything but false, 0, "", nil and what is empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Go prints a value: lists in brackets, maps as `map[k:v]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'function') return goText(value());
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`;
  }
  return String(value);
}

/** JSON as Go writes it, without a line end. */
const json = (value: unknown): string => JSON.stringify(value ?? null);

const compare = (a: unknown, b: unknown): number => ((a as number) < (b as number) ? -1 : a === b ? 0 : 1);

const title = (text: string): string => text.replace(/\b\p{L}/gu, (letter) => letter.toUpperCase());

const functions: Readonly<Record<string, (...args: never[]) => unknown>> = {
  json,
  upper: (text: string) => String(text).toUpperCase(),
  lower: (text: string) => String(text).toLowerCase(),
  title: (text: string) => title(String(text)),
  join: (list: readonly unknown[], separator: string) => (list ?? []).map(goText).join(separator),
  split: (text: string, separator: string) => String(text).split(separator),
  pad: (text: string, before: number, after: number) => ' '.repeat(before) + text + ' '.repeat(after),
  truncate: (text: string, length: number) => String(text).slice(0, length),
  len: (value: unknown) =>
    typeof value === 'object' && value !== null ? Object.keys(value).length : String(value ?? '').length,
  index: (value: unknown, ...keys: (string | number)[]) => keys.reduce(item, value),
  slice: (value: string | unknown[], from = 0, to?: number) => value.slice(from, to),
  print: (...values: unknown[]) => values.map(goText).join(''),
  println: (...values: unknown[]) => `${values.map(goText).join(' ')}\n`,
  printf: (format: string, ...values: unknown[]) => formatted(format, values),
  eq: (a: unknown, ...others: unknown[]) => others.some((other) => a === other),
  ne: (a: unknown, b: unknown) => a !== b,
  lt: (a: unknown, b: unknown) => compare(a, b) < 0,
  le: (a: unknown, b: unknown) => compare(a, b) <= 0,
  gt: (a: unknown, b: unknown) => compare(a, b) > 0,
  ge: (a: unknown, b: unknown) => compare(a, b) >= 0,
  not: (value: unknown) => !isTrue(value),
  and: (...values: unknown[]) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values: unknown[]) => values.find(isTrue) ?? values.at(-1),
};

/** Of a map what is missing is nothing; of a list it is a mistake. */
function item(value: unknown, key: string | number): unknown {
  if (Array.isArray(value) && typeof key === 'number' && key >= value.length)
    throw new UserError('bad-template', `template: index out of range: ${key}`);
  return (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[key] ?? '';
}

/** Throws UserError `bad-template` for a function that there is not. */
export function callFunction(name: string, args: readonly unknown[]): unknown {
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined) {
    throw new UserError('bad-template', `template parsing error: function "${name}" not defined`, [
      `Functions: ${Object.keys(functions).join(' ')}`,
    ]);
  }
  return (known as (...values: readonly unknown[]) => unknown)(...args);
}

/** `%s %v %d %q %t %-20s %5.2f %x`. */
function formatted(format: string, values: readonly unknown[]): string {
  let at = 0;
  return format.replace(/%(-?)(0?)(\d*)(?:\.(\d+))?([svdqtfx%])/g, (_, left, zero, width, digits, verb) => {
    if (verb === '%') return '%';
    const value = values[at++];
    const text = verbText(verb, value, digits === undefined ? undefined : Number(digits));
    return left ? text.padEnd(Number(width)) : text.padStart(Number(width), zero || ' ');
  });
}

function verbText(verb: string, value: unknown, digits: number | undefined): string {
  if (verb === 'q') return JSON.stringify(goText(value));
  if (verb === 'f') return Number(value).toFixed(digits ?? 6);
  if (verb === 'x') return typeof value === 'number' ? value.toString(16) : Buffer.from(goText(value)).toString('hex');
  const text = goText(value);
  return verb === 's' && digits !== undefined ? text.slice(0, digits) : text;
}
