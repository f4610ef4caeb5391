import { didYouMean } from '../parse/suggest.js';
import type { RunMount, WrittenMount } from './types.js';

const KEYS = [
  'type', 'from', 'source', 'src', 'target', 'dst', 'destination', 'readonly', 'ro', 'readwrite', 'rw',
  'id', 'sharing', 'size', 'required', 'mode', 'uid', 'gid', 'env',
] as const; // biome-ignore format: one list

type Key = (typeof KEYS)[number];
type Draft = { -readonly [K in keyof RunMount]: RunMount[K] };
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i;
const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;

/**
 * What of `type=cache,target=/root/.cache` can be told before variables are filled in; whether it is right is looked at
 * then, as BuildKit does. Throws a sentence for a variable in `from`, which decides what the stage waits for.
 */
export function readMount(text: string): WrittenMount {
  const fields = new Map(csvFields(text).map(cutField));
  const from = fields.get('from');
  if (from?.includes('$')) throw new Error("'from' doesn't support variable expansion, define alias stage instead");
  const type = (fields.get('type') ?? 'bind').toLowerCase();
  return {
    text,
    type: isType(type) ? type : undefined,
    from,
    source: fields.get('source') ?? fields.get('src'),
    target: fields.get('target') ?? fields.get('dst') ?? fields.get('destination'),
    id: fields.get('id'),
    required: fields.has('required') && !/^(false|0)$/i.test(fields.get('required') ?? ''),
  };
}

function cutField(field: string): [string, string | undefined] {
  const at = field.indexOf('=');
  return at < 0 ? [field.trim().toLowerCase(), undefined] : [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
}

/** All of it, comma-separated, CSV quotes allowed; `expand` fills variables in. Throws sentences. */
export function parseRunMount(text: string, expand: (value: string) => string): RunMount {
  const fields = csvFields(text)
    .map(splitField)
    .map(([key, value]) => [key, value === undefined ? undefined : expand(value)] as const);
  const type = fields.find(([key]) => key === 'type')?.[1]?.toLowerCase() ?? 'bind';
  if (!isType(type)) throw new Error(`unsupported mount type "${type}"${didYouMean(type, TYPES)}`);
  const mount: Draft = { type };
  for (const [key, value] of fields) apply(mount, key, value);
  return checked(mount);
}

function isType(text: string): text is RunMount['type'] {
  return (TYPES as readonly string[]).includes(text);
}

function splitField(field: string): [Key, string | undefined] {
  const at = field.indexOf('=');
  const name = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
  if (!(KEYS as readonly string[]).includes(name)) {
    throw new Error(`unexpected key '${name}' in '${field}'${didYouMean(name, KEYS)}`);
  }
  const value = at < 0 ? undefined : field.slice(at + 1);
  const flags = ['readonly', 'ro', 'readwrite', 'rw', 'required'];
  if (value === undefined && !flags.includes(name))
    throw new Error(`invalid field '${field}' must be a key=value pair`);
  return [name as Key, value];
}

function apply(mount: Draft, key: Key, value: string | undefined): void {
  const text = value ?? '';
  switch (key) {
    case 'type':
      return;
    case 'from':
      mount.from = text;
      return;
    case 'source':
    case 'src':
      mount.source = text;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.target = text;
      return;
    case 'readonly':
    case 'ro':
      mount.readOnly = boolean(key, value);
      return;
    case 'readwrite':
    case 'rw':
      mount.readOnly = !boolean(key, value);
      return;
    case 'required':
      mount.required = boolean(key, value);
      return;
    case 'sharing':
      if (text !== 'shared' && text !== 'private' && text !== 'locked') {
        throw new Error(`unsupported sharing value "${text}"`);
      }
      mount.sharing = text;
      return;
    case 'size':
      mount.sizeBytes = size(text);
      return;
    case 'mode':
      mount.mode = number(key, text, 8);
      return;
    case 'uid':
    case 'gid':
      mount[key] = number(key, text, 10);
      return;
    default:
      mount[key] = text;
  }
}

function checked(mount: Draft): RunMount {
  const { type } = mount;
  if (mount.sharing !== undefined && type !== 'cache') throw new Error(`invalid cache sharing set for ${type} mount`);
  if (mount.sizeBytes !== undefined && type !== 'tmpfs')
    throw new Error(`unexpected key 'size' for mount type '${type}'`);
  if (mount.env !== undefined && type !== 'secret') throw new Error(`unexpected key 'env' for mount type '${type}'`);
  if (type === 'secret' && !mount.id && !mount.source && !mount.target) {
    throw new Error('invalid secret mount. one of source, target required');
  }
  return mount;
}

function boolean(key: string, value: string | undefined): boolean {
  if (value === undefined || /^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}

function number(key: string, text: string, base: 8 | 10): number {
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(text)) throw new Error(`invalid value ${text} for ${key}`);
  return Number.parseInt(text, base);
}

function size(text: string): number {
  const match = SIZE.exec(text);
  if (match === null) throw new Error(`invalid value for size: ${text}`);
  return Math.floor(Number(match[1]) * 1024 ** ' kmgt'.indexOf(match[2]!.toLowerCase() || ' '));
}

function csvFields(text: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field];
}
