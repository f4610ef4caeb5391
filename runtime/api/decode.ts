/**
 * Typed reading of JSON, with the rules that clients know from Go: keys match in any case (the exact one wins), unknown
 * keys are ignored, null is absence, and a wrong type is named with the path of its field.
 */
import { EngineError } from '../errors.js';

/** Reads a value as a T. Throws EngineError('invalid'); `path` names the value in that sentence, as in `ContainerConfig.Env`. */
export type Shape<T> = (value: unknown, path: string) => T;

/** What a shape reads. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  return value !== null && typeof value === 'object' ? 'object' : typeof value;
}

/** A path without a dot is the whole body: Go names its type then, not a field. */
function mismatch(value: unknown, path: string, type: string): never {
  const into = path.includes('.') ? `struct field ${path} of type ${type}` : `value of type ${type}`;
  throw new EngineError('invalid', `invalid JSON: json: cannot unmarshal ${kindOf(value)} into Go ${into}`);
}

export const string: Shape<string> = (value, path) =>
  typeof value === 'string' ? value : mismatch(value, path, 'string');

export const bool: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : mismatch(value, path, 'bool');

export const int: Shape<number> = (value, path) =>
  Number.isInteger(value) ? (value as number) : mismatch(value, path, 'int64');

export const any: Shape<unknown> = (value) => value;

export function list<T>(entry: Shape<T>, type = '[]string'): Shape<readonly T[]> {
  return (value, path) => (Array.isArray(value) ? value.map((item) => entry(item, path)) : mismatch(value, path, type));
}

export const strings: Shape<readonly string[]> = list(string);

/** Cmd, Entrypoint: one string stands for a list of one. */
export const stringOrStrings: Shape<readonly string[]> = (value, path) =>
  typeof value === 'string' ? [value] : strings(value, path);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By key; entries that are null stay out unless `entry` reads null itself. */
export function map<T>(entry: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isRecord(value)) return mismatch(value, path, 'map[string]string');
    const result: Record<string, T> = {};
    for (const [key, item] of Object.entries(value)) result[key] = entry(item, `${path}.${key}`);
    return result;
  };
}

export const stringMap: Shape<Readonly<Record<string, string>>> = map(string);

/** For values that may be null in lists and maps. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null || value === undefined ? null : shape(value, path));
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type FieldsOf<F extends Fields> = { readonly [K in keyof F]?: Shaped<F[K]> };

/** `type`: what Go calls it. Null in a list of objects is an empty one. */
export function object<F extends Fields>(fields: F, type = 'object'): Shape<FieldsOf<F>> {
  const byFolded = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return (value, path) => {
    if (value === null) return {} as FieldsOf<F>;
    if (!isRecord(value)) return mismatch(value, path, type);
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const name = Object.hasOwn(fields, key) ? key : byFolded.get(key.toLowerCase());
      if (name === undefined || item === null || (name !== key && Object.hasOwn(value, name))) continue;
      result[name] = fields[name]!(item, `${path}.${name}`);
    }
    return result as FieldsOf<F>;
  };
}
