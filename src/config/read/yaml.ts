/**
 * YAML text → nodes that know their places. The syntax is js-yaml's; what the syntax means (tags, anchors, merge keys,
 * duplicates) follows Go's yaml.v3 and Compose's `!reset` and `!override`.
 */
import { type AliasEvent, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import { problem } from '../problems.js';
import { type Entry, type Mapping, mapping, type Node, type Scalar, scalar, sequence } from '../tree/node.js';
import { resolveTagged } from './explicit-tag.js';
import { type ParsedYaml, parseLeniently } from './lenient-parse.js';
import { mergeKeys } from './merge-keys.js';
import { floatText, resolvePlain } from './scalar.js';
import { locationOf, type Mark, type Source } from './source.js';

/** The documents of a file, none for an empty one. Throws UserError `broken-yaml`, `duplicate-key`, `unknown-anchor`, `non-string-key`. */
export function readYaml(source: Source): Node[] {
  const reading: Reading = { source, parsed: parseLeniently(source), next: 0, anchors: new Map() };
  const documents: Node[] = [];
  while (reading.next < reading.parsed.events.length) {
    reading.next += 1; // the document's opening
    reading.anchors.clear();
    documents.push(readNode(reading));
    reading.next += 1; // its end
  }
  return documents;
}

interface Reading {
  readonly source: Source;
  readonly parsed: ParsedYaml;
  next: number;
  /** By name; `open` while the node that it names is still being read. */
  readonly anchors: Map<string, Node | 'open'>;
}

function readNode(reading: Reading): Node {
  const event = reading.parsed.events[reading.next++]!;
  if (event.type === EVENT_ID.ALIAS) return readAlias(reading, event);
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) throw new Error('YAML events are out of order');
  const { text } = reading.parsed;
  const anchor = event.anchorStart >= 0 ? text.slice(event.anchorStart, event.anchorEnd) : undefined;
  if (anchor !== undefined) reading.anchors.set(anchor, 'open');
  const tag = event.tagStart >= 0 ? text.slice(event.tagStart, event.tagEnd) : undefined;
  const node = withMergeTag(readUntagged(reading, event, tag), tag);
  if (anchor !== undefined) reading.anchors.set(anchor, node);
  return node;
}

function readUntagged(reading: Reading, event: Event, tag: string | undefined): Node {
  if (event.type === EVENT_ID.MAPPING) return readMapping(reading, markAt(reading, event.start));
  if (event.type === EVENT_ID.SEQUENCE) return readSequence(reading, markAt(reading, event.start));
  if (event.type !== EVENT_ID.SCALAR) throw new Error('YAML events are out of order');
  return readScalar(reading, event, tag);
}

function readScalar(reading: Reading, event: ScalarEvent, tag: string | undefined): Scalar {
  const text = getScalarValue(reading.parsed.text, event);
  const plain = event.style === SCALAR_STYLE.PLAIN;
  const at = markAt(reading, scalarStart(reading, event.valueStart, plain));
  if (event.style === SCALAR_STYLE.DOUBLE_QUOTED) checkEscapes(reading, event, at);
  if (tag !== undefined && tag !== '!reset' && tag !== '!override') {
    return scalar(resolveTagged(tag, text, plain, at), at);
  }
  if (!plain) return scalar(text, at);
  const value = resolvePlain(text);
  const written = typeof value === 'number' ? floatText(text, value) : undefined;
  return written === undefined ? scalar(value, at) : { ...scalar(value, at), text: written };
}

/** `\\/` is an escape of YAML 1.2 and of JSON, but not of Go's parser. */
function checkEscapes(reading: Reading, event: ScalarEvent, at: Mark): void {
  const raw = reading.parsed.text.slice(event.valueStart, event.valueEnd);
  if (!/^(?:[^\\]|\\[^/])*\\\//.test(raw)) return;
  throw problem('broken-yaml', 'This is not valid YAML: \\/ is no escape sequence.', at, [
    'Write / without the backslash.',
  ]);
}

/** Where a scalar begins as a person sees it: its quote or block sign; for an empty one the end of what stands before it. */
function scalarStart(reading: Reading, valueStart: number, plain: boolean): number {
  const { text } = reading.parsed;
  if (valueStart < 0) return endOfPrevious(reading);
  if (plain) return valueStart;
  const before = text[valueStart - 1];
  if (before === '"' || before === "'") return valueStart - 1;
  // A block: its sign stands at the end of a line above.
  for (let end = text.lastIndexOf('\n', valueStart - 1); end > 0; end = text.lastIndexOf('\n', end - 1)) {
    const line = text.slice(text.lastIndexOf('\n', end - 1) + 1, end);
    const sign = /[|>][-+\d]*[^\S\n]*(?:#.*)?$/.exec(line);
    if (sign) return end - line.length + sign.index;
    if (line.trim() !== '') break;
  }
  return valueStart;
}

function endOfPrevious(reading: Reading): number {
  for (let index = reading.next - 2; index >= 0; index -= 1) {
    const event = reading.parsed.events[index]!;
    if (event.type === EVENT_ID.SCALAR && event.valueEnd >= 0) return event.valueEnd;
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) return event.start;
  }
  return 0;
}

function withMergeTag(node: Node, tag: string | undefined): Node {
  if (tag === '!reset') return { ...node, tag: 'reset' };
  return tag === '!override' ? { ...node, tag: 'override' } : node;
}

function readSequence(reading: Reading, at: Mark): Node {
  const items: Node[] = [];
  while (reading.parsed.events[reading.next]!.type !== EVENT_ID.POP) items.push(readNode(reading));
  reading.next += 1;
  return sequence(items, at);
}

function readMapping(reading: Reading, at: Mark): Mapping {
  const entries = new Map<string, Entry>();
  const merged: Node[] = [];
  const seen = new Map<string, Mark>();
  while (reading.parsed.events[reading.next]!.type !== EVENT_ID.POP) {
    const key = readKey(reading);
    const value = readNode(reading);
    const before = seen.get(key.text);
    if (before) throw duplicateKey(key, before);
    seen.set(key.text, key.at);
    if (key.merges) merged.push(value);
    else entries.set(key.text, { key: key.at, value });
  }
  reading.next += 1;
  return mergeKeys(mapping(entries, at), merged);
}

interface Key {
  readonly text: string;
  readonly at: Mark;
  /** `<<`, unquoted. */
  readonly merges: boolean;
}

function readKey(reading: Reading): Key {
  const event = reading.parsed.events[reading.next]!;
  const node = readNode(reading);
  const plain = event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    return { text: node.value, at: node.at, merges: plain && node.value === '<<' };
  }
  throw nonStringKey(node);
}

function nonStringKey(node: Node): Error {
  if (node.kind !== 'scalar') {
    return problem('non-string-key', 'A key must be text, not a mapping or a list.', node.at, [
      'Quote it if it is meant as text.',
    ]);
  }
  const text = node.at.source.text.slice(node.at.offset).match(/^[^:\s,}\]]*/)?.[0] ?? '';
  return problem(
    'non-string-key',
    `The key ${text || 'null'} is not text: YAML reads it as ${kindOf(node)}.`,
    node.at,
    [`Put it in quotes: "${text}"`],
  );
}

function kindOf(node: Scalar): string {
  if (node.value === null) return 'null';
  if (node.value instanceof Date) return 'a date';
  return typeof node.value === 'boolean' ? 'a boolean' : 'a number';
}

const duplicateKey = (key: Key, before: Mark): Error =>
  problem(
    'duplicate-key',
    `The key "${key.text}" stands twice in one mapping; the first is in line ${locationOf(before).line}.`,
    key.at,
    ['Remove one of them, or join their values.'],
  );

function readAlias(reading: Reading, event: AliasEvent): Node {
  const name = reading.parsed.text.slice(event.anchorStart, event.anchorEnd);
  const at = markAt(reading, Math.max(event.anchorStart - 1, 0));
  const node = reading.anchors.get(name);
  if (node === 'open')
    throw problem('alias-cycle', `The alias *${name} stands inside of what it refers to.`, at, ['Remove it.']);
  if (node !== undefined) return node;
  const known = [...reading.anchors.keys()];
  throw problem('unknown-anchor', `The alias *${name} refers to an anchor that is not set above it.`, at, [
    known.length > 0 ? `Anchors set above: ${known.join(', ')}.` : `Set it first: &${name}`,
  ]);
}

const markAt = ({ source, parsed }: Reading, offset: number): Mark => ({ source, offset: parsed.original(offset) });
