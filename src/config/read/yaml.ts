/**
 * YAML text → nodes that know their places. The syntax is js-yaml's; what the syntax means (tags, anchors, merge keys,
 * duplicates) follows Go's yaml.v3 and Compose's `!reset` and `!override`.
 */
import {
  type AliasEvent,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
import { problem } from '../problems.js';
import { type Entry, type Mapping, mapping, type Node, type Scalar, scalar, sequence } from '../tree/node.js';
import { resolveTagged } from './explicit-tag.js';
import { mergeKeys } from './merge-keys.js';
import { resolvePlain } from './scalar.js';
import { locationOf, type Mark, type Source } from './source.js';

/** The documents of a file, none for an empty one. Throws UserError `broken-yaml`, `duplicate-key`, `unknown-anchor`, `non-string-key`. */
export function readYaml(source: Source): Node[] {
  const reading: Reading = { source, events: parse(source), next: 0, anchors: new Map() };
  const documents: Node[] = [];
  while (reading.next < reading.events.length) {
    reading.next += 1; // the document's opening
    reading.anchors.clear();
    documents.push(readNode(reading));
    reading.next += 1; // its end
  }
  return documents;
}

interface Reading {
  readonly source: Source;
  readonly events: readonly Event[];
  next: number;
  /** By name; `open` while the node that it names is still being read. */
  readonly anchors: Map<string, Node | 'open'>;
}

function parse(source: Source): Event[] {
  try {
    // The reference's own limit on nesting is 10,000; deeper than this no config is.
    return parseEvents(source.text, { filename: source.file, maxDepth: 1000 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const at: Mark = { source, offset: Math.min(error.mark?.position ?? 0, source.text.length) };
    throw problem('broken-yaml', `This is not valid YAML: ${error.reason}.`, at, adviceFor(source.text, at.offset));
  }
}

function adviceFor(text: string, offset: number): string[] {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(lineStart, text.indexOf('\n', offset) === -1 ? undefined : text.indexOf('\n', offset));
  if (/^\s*\t/.test(line)) return ['Indent with spaces: YAML does not allow tabs.'];
  if (/^\s*[\w-]+:\S/.test(line)) return ['Put a space after the colon.'];
  if (/:\s+[^'"\s].*:(\s|$)/.test(line)) return ['Put the value in quotes: it contains a colon.'];
  if (/:\s+[@`%]/.test(line)) return ['Put the value in quotes: it starts with a character that YAML reserves.'];
  return ['Compare the indentation of this line with the lines around it.'];
}

function readNode(reading: Reading): Node {
  const event = reading.events[reading.next++]!;
  if (event.type === EVENT_ID.ALIAS) return readAlias(reading, event);
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) throw new Error('YAML events are out of order');
  const { text } = reading.source;
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
  const text = getScalarValue(reading.source.text, event);
  const plain = event.style === SCALAR_STYLE.PLAIN;
  const at = markAt(reading, scalarStart(reading, event.valueStart, plain));
  if (tag === undefined || tag === '!reset' || tag === '!override')
    return scalar(plain ? resolvePlain(text) : text, at);
  return scalar(resolveTagged(tag, text, plain, at), at);
}

/** Where a scalar begins as a person sees it: its quote or block sign; for an empty one the end of what stands before it. */
function scalarStart(reading: Reading, valueStart: number, plain: boolean): number {
  if (valueStart < 0) return endOfPrevious(reading);
  if (plain) return valueStart;
  const before = reading.source.text[valueStart - 1];
  if (before === '"' || before === "'") return valueStart - 1;
  const sign = /[|>][-+\d]*[^\S\n]*(?:#[^\n]*)?\n(?:[^\S\n]*\n)*$/.exec(reading.source.text.slice(0, valueStart));
  return sign ? sign.index : valueStart;
}

function endOfPrevious(reading: Reading): number {
  for (let index = reading.next - 2; index >= 0; index -= 1) {
    const event = reading.events[index]!;
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
  while (reading.events[reading.next]!.type !== EVENT_ID.POP) items.push(readNode(reading));
  reading.next += 1;
  return sequence(items, at);
}

function readMapping(reading: Reading, at: Mark): Mapping {
  const entries = new Map<string, Entry>();
  const merged: Node[] = [];
  const seen = new Map<string, Mark>();
  while (reading.events[reading.next]!.type !== EVENT_ID.POP) {
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
  const event = reading.events[reading.next]!;
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
  const name = reading.source.text.slice(event.anchorStart, event.anchorEnd);
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

const markAt = (reading: Reading, offset: number): Mark => ({ source: reading.source, offset });
