/**
 * js-yaml's events, also for what its parser refuses and Go's accepts. Common in the field is a flow collection whose closing bracket stands as
 * far left as its key, which YAML 1.2 forbids; there the line is moved right, which changes nothing in what it means, and
 * the places of the events are moved back.
 */
import { type Event, parseEvents, YAMLException } from 'js-yaml';
import { problem } from '../problems.js';
import type { Mark, Source } from './source.js';

export interface ParsedYaml {
  readonly events: readonly Event[];
  /** What the events' offsets refer to. */
  readonly text: string;
  /** An offset of an event as one of the source. */
  readonly original: (offset: number) => number;
}

/** `added` characters that the source does not have stand before this offset of the source. */
interface Edit {
  readonly at: number;
  readonly added: number;
}

/** Wide enough for any place in a flow collection. */
const INDENT = 80;

/** Throws UserError `broken-yaml`. */
export function parseLeniently(source: Source): ParsedYaml {
  let text = source.text;
  const edits: Edit[] = [];
  const original = (offset: number): number => toOriginal(edits, offset);
  for (;;) {
    try {
      // Go's own limit on nesting is 10,000; no config is deeper than this.
      return { events: parseEvents(text, { filename: source.file, maxDepth: 1000 }), text, original };
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      const position = Math.min(error.mark?.position ?? 0, text.length);
      const mended = mend(text, position, error.reason);
      if (mended === undefined) throw brokenYaml(source, original(position), error.reason);
      edits.push({ at: original(mended.at), added: mended.added });
      text = mended.text;
    }
  }
}

/** Undefined: Go would refuse it too. */
function mend(text: string, position: number, reason: string): { text: string; at: number; added: number } | undefined {
  if (reason === 'deficient indentation') {
    const at = text.lastIndexOf('\n', position - 1) + 1;
    if (text.startsWith(' '.repeat(INDENT), at)) return undefined;
    return { text: text.slice(0, at) + ' '.repeat(INDENT) + text.slice(at), at, added: INDENT };
  }
  if (reason === 'unknown escape sequence') {
    const at = text[position] === "'" ? position : position - 1;
    if (text[at] !== "'" || text[at - 1] !== '\\') return undefined;
    return { text: `${text.slice(0, at)}x27${text.slice(at + 1)}`, at, added: 2 };
  }
  return undefined;
}

function toOriginal(edits: readonly Edit[], offset: number): number {
  if (edits.length === 0) return offset;
  let result = offset;
  for (const edit of [...edits].sort((a, b) => a.at - b.at)) {
    if (result < edit.at) break;
    result = Math.max(edit.at, result - edit.added);
  }
  return result;
}

function brokenYaml(source: Source, offset: number, reason: string): Error {
  const at: Mark = { source, offset };
  return problem('broken-yaml', `This is not valid YAML: ${reason}.`, at, adviceFor(source.text, offset));
}

function adviceFor(text: string, offset: number): string[] {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = text.indexOf('\n', offset);
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  if (/^\s*\t/.test(line)) return ['Indent with spaces: YAML does not allow tabs.'];
  if (/^\s*[\w-]+:[^\s/]/.test(line)) return ['Put a space after the colon.'];
  if (/:\s+[^'"\s].*:(\s|$)/.test(line)) return ['Put the value in quotes: it contains a colon.'];
  if (/:\s+[@`%]/.test(line)) return ['Put the value in quotes: it starts with a character that YAML reserves.'];
  return ['Compare the indentation of this line with the lines around it.'];
}
