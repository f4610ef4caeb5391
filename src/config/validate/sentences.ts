/** What is wrong with a node, said to a person. */

import { locationOf } from '../read/source.js';
import type { Entry, Mapping, Node, Path, Scalar, Sequence } from '../tree/node.js';
import { scalarText, toPlain } from '../tree/plain.js';
import type { Schema, TypeName } from './schema.js';
import { nearest } from './suggest.js';
import type { Validation } from './validate.js';

const NAMES: Readonly<Record<TypeName, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'empty',
  object: 'a mapping',
  array: 'a list',
};

/** `a, b or c`. */
const choice = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

export function describe(node: Node): string {
  if (node.kind === 'mapping') return 'a mapping';
  if (node.kind === 'sequence') return 'a list';
  if (node.value === null) return 'empty';
  if (node.value instanceof Date) return 'a date';
  const kind = typeof node.value === 'string' ? 'text' : typeof node.value === 'boolean' ? 'true or false' : 'a number';
  return typeof node.value === 'string' && node.value.length > 40
    ? kind
    : `${kind} (${JSON.stringify(scalarText(node.value)).replace(/^"(.*)"$/, typeof node.value === 'string' ? '"$1"' : '$1')})`;
}

const nameOf = (path: Path): string => (path.length === 0 ? 'The file' : path.join('.'));

export function conflictOfTypes(node: Node, types: readonly TypeName[], path: Path, { problems }: Validation): void {
  const wanted = [...new Set(types)].filter((type, _, all) => type !== 'null' || all.length === 1);
  const sentence = `${nameOf(path)} must be ${choice(wanted.map((type) => NAMES[type]))}, not ${describe(node)}.`;
  problems.add('wrong-type', sentence, node.at, stepsForType(node, wanted, path));
}

const DURATIONS: ReadonlySet<string> = new Set(
  'interval timeout start_period start_interval stop_grace_period delay window monitor pull_refresh_after'.split(' '),
);

const plainNumber = (node: Node): unknown => (node.kind === 'scalar' ? node.value : undefined);

function stepsForType(node: Node, wanted: readonly TypeName[], path: Path): string[] {
  const key = path.at(-1) ?? '';
  if (typeof plainNumber(node) === 'number' && DURATIONS.has(key))
    return [`Give it a unit: ${textInFile(node as Scalar)}s`];
  if (node.kind === 'scalar' && wanted.includes('string') && node.value !== null) {
    return [`Put it in quotes: "${textInFile(node)}"`];
  }
  if (node.kind === 'scalar' && node.value === null) return [`Give ${key} a value or remove the key.`];
  if (wanted.includes('array') && node.kind === 'mapping')
    return ['Write each item on a line of its own that begins with "- ".'];
  if (wanted.includes('array') && node.kind === 'scalar')
    return [`Write it as a list: [${JSON.stringify(scalarText(node.value))}]`];
  if (wanted.includes('object') && node.kind === 'sequence') return ['Write KEY: VALUE lines without "- ".'];
  if (wanted.includes('object') && node.kind === 'scalar') return [`Write what belongs to ${key} indented below it.`];
  return ['Change the value.'];
}

/** A scalar as the file has it: 0755 rather than 493. */
function textInFile(node: Scalar): string {
  const { text } = node.at.source;
  return /^[^\s,\]}#]+/.exec(text.slice(node.at.offset))?.[0] ?? scalarText(node.value);
}

export interface UnknownKey {
  readonly key: string;
  readonly entry: Entry;
  readonly path: Path;
  readonly schema: Schema;
  readonly parent: Mapping;
}

export function unknownKey({ key, entry, path, schema, parent }: UnknownKey, { problems, root }: Validation): void {
  const properties = Object.keys(schema.properties ?? {});
  if (properties.length === 0) {
    const sentence = `${JSON.stringify(key)} cannot be a name in ${nameOf(path)}.`;
    problems.add('bad-name', sentence, entry.key, ['A name takes letters, digits, ".", "_" and "-".']);
    return;
  }
  const where = path.length === 0 ? 'at the top of the file' : `in ${path.join('.')}`;
  problems.add('unknown-key', `The key "${key}" is not known ${where}.`, entry.key, [
    adviceFor(key, entry, path, properties, parent, root),
  ]);
}

function adviceFor(
  key: string,
  entry: Entry,
  path: Path,
  properties: readonly string[],
  parent: Mapping,
  root: Schema,
): string {
  const near =
    nearest(
      key,
      properties.filter((name) => !parent.entries.has(name)),
    ) ?? nearest(key, properties);
  if (near) return `Did you mean "${near}"?`;
  const serviceKeys = Object.keys(root.definitions?.service?.properties ?? {});
  if (path.length === 0) {
    if (
      entry.value.kind === 'mapping' &&
      ['image', 'build'].some((name) => entry.value.kind === 'mapping' && entry.value.entries.has(name))
    ) {
      return 'It looks like a service: put it under "services:".';
    }
    if (serviceKeys.includes(key))
      return `"${key}" belongs to a service: indent it below services and the service's name.`;
    return 'Keys of your own begin with "x-".';
  }
  if (Object.keys(root.properties ?? {}).includes(key))
    return `"${key}" belongs at the top of the file: check its indentation.`;
  if (serviceKeys.includes(key) && path[0] === 'services')
    return `"${key}" belongs to the service itself: check its indentation.`;
  const free = properties.filter((name) => !parent.entries.has(name));
  return free.length <= 20 ? `Known here: ${free.join(', ')}.` : 'Keys of your own begin with "x-".';
}

const EXAMPLES: Readonly<Record<string, string>> = {
  condition: 'service_started',
  type: 'volume, bind or tmpfs',
  capabilities: '[gpu]',
};

export function missingKey(node: Mapping, key: string, path: Path, { problems }: Validation): void {
  problems.add('missing-key', `${nameOf(path)} needs the key "${key}".`, node.at, [
    `Add ${key}: ${EXAMPLES[key] ?? '…'}`,
  ]);
}

export function repeatedItems(
  node: Sequence,
  first: number,
  second: number,
  path: Path,
  { problems }: Validation,
): void {
  const [one, other] = [node.items[first]!, node.items[second]!];
  const text = other.kind === 'scalar' ? JSON.stringify(toPlain(other)) : 'the same item';
  const before = locationOf(one.at);
  const sentence = `${nameOf(path)} has ${text} twice; the first is in ${before.file.split('/').at(-1)}:${before.line}.`;
  problems.add('repeated-item', sentence, other.at, ['Remove one of them.']);
}

/** `healthy` for `service_healthy`. */
function nearBehindPrefix(value: string, allowed: readonly string[]): string | undefined {
  const short = new Map(allowed.map((word) => [word.replace(/^service_/, ''), word]));
  return short.get(nearest(value, short.keys()) ?? '');
}

export function notAllowedValue(node: Scalar, allowed: readonly string[], path: Path, { problems }: Validation): void {
  const value = scalarText(node.value);
  const near = nearest(value, allowed) ?? nearBehindPrefix(value, allowed);
  const sentence = `${nameOf(path)} must be ${choice(allowed)}, not ${JSON.stringify(value)}.`;
  problems.add('not-allowed', sentence, node.at, [near ? `Did you mean "${near}"?` : 'Choose one of these.']);
}

export function patternMismatch(node: Scalar, pattern: string, path: Path, { problems }: Validation): void {
  const sentence = `${nameOf(path)} does not take ${JSON.stringify(node.value)}.`;
  problems.add('bad-value', sentence, node.at, [`It has to match ${pattern}`]);
}
