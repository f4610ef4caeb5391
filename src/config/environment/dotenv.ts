/**
 * The text of a `.env` or `env_file` → its variables, by Compose's rules. The dotenv package cannot be used here: its result no
 * longer tells how a value was quoted, and by that Compose decides whether `$NAME` and `\n` mean something; it also takes
 * silently what Compose refuses (a key with a blank, an open quote) and knows neither `KEY` alone nor `KEY: value`.
 */
import { type Lookup, substitute, TemplateError } from '../interpolate/template.js';
import { problem } from '../problems.js';
import type { Mark, Source } from '../read/source.js';

export interface DotenvOptions {
  /** What `${NAME}` in a value and a key without value refer to; the lines above come after it. */
  readonly lookup: Lookup;
  /** What comes after the lines above: earlier files. */
  readonly earlier?: Lookup;
  readonly missing?: (name: string, at: Mark) => void;
}

interface Reading {
  readonly source: Source;
  at: number;
  readonly values: Map<string, string>;
  readonly options: DotenvOptions;
}

/** Variables in the order of the file, the last of a name winning. Throws UserError `bad-env-file`, `required-variable`. */
export function parseDotenv(source: Source, options: DotenvOptions): Map<string, string> {
  const reading: Reading = { source, at: source.text.startsWith('\uFEFF') ? 1 : 0, values: new Map(), options };
  while (skipToStatement(reading)) readStatement(reading);
  return reading.values;
}

/** Over blanks, empty lines and comments; false at the end. */
function skipToStatement(reading: Reading): boolean {
  const { text } = reading.source;
  // Behind the end a sticky expression would begin anew at 0.
  if (reading.at >= text.length) return false;
  const blank = /(?:\s+|#[^\n]*)*/y;
  blank.lastIndex = reading.at;
  blank.exec(text);
  reading.at = blank.lastIndex;
  return reading.at < text.length;
}

function readStatement(reading: Reading): void {
  const { text } = reading.source;
  const start = reading.at;
  const exported = /export[ \t]+/y;
  exported.lastIndex = reading.at;
  if (exported.test(text)) reading.at = exported.lastIndex;
  const keyStart = reading.at;
  const end = /[=:\n]|$/g;
  end.lastIndex = keyStart;
  const keyEnd = end.exec(text)!.index;
  const key = text.slice(keyStart, keyEnd).trimEnd();
  checkKey(reading, key, keyStart, keyEnd);
  reading.at = keyEnd + 1;
  if (keyEnd >= text.length || text[keyEnd] === '\n') inherit(reading, key);
  else reading.values.set(key, readValue(reading, start));
}

/** A key alone takes its value from the surroundings, when they have one. */
function inherit(reading: Reading, key: string): void {
  const value = reading.options.lookup(key) ?? reading.options.earlier?.(key);
  if (value !== undefined) reading.values.set(key, value);
}

function checkKey(reading: Reading, key: string, start: number, end: number): void {
  const at: Mark = { source: reading.source, offset: start };
  const strange = /[^\p{L}\p{N}_.\-[\]\s]/u.exec(key);
  if (strange) {
    const line = reading.source.text.slice(start, end);
    throw problem(
      'bad-env-file',
      `${JSON.stringify(strange[0])} cannot stand in the variable name ${JSON.stringify(line.trim())}.`,
      at,
      [
        'A line is NAME=value; a name takes letters, digits, _, . and -. After a quoted value nothing but a comment may follow.',
      ],
    );
  }
  if (/\s/.test(key)) {
    throw problem('bad-env-file', `The variable name ${JSON.stringify(key)} contains a blank.`, at, [
      'Write NAME=value, or # before a comment.',
    ]);
  }
}

function readValue(reading: Reading, statement: number): string {
  const { text } = reading.source;
  const blank = /[ \t\v\f\r\u0085\u00a0]*/y;
  blank.lastIndex = reading.at;
  blank.exec(text);
  reading.at = blank.lastIndex;
  const quote = text[reading.at];
  if (quote === '"' || quote === "'") return readQuoted(reading, quote, statement);
  const newline = text.indexOf('\n', reading.at);
  const lineEnd = newline === -1 ? text.length : newline;
  const raw = text.slice(reading.at, lineEnd);
  const valueAt = reading.at;
  reading.at = lineEnd;
  const comment = /\s#/.exec(raw);
  return expand(reading, (comment ? raw.slice(0, comment.index) : raw).trim(), valueAt);
}

function readQuoted(reading: Reading, quote: string, statement: number): string {
  const { text } = reading.source;
  const start = reading.at + 1;
  let end = start;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) {
    throw problem('bad-env-file', `The quote ${quote} is not closed.`, { source: reading.source, offset: reading.at }, [
      `Close it, or remove it from ${text.slice(statement, reading.at).trim()}`,
    ]);
  }
  reading.at = end + 1;
  const inside = text.slice(start, end);
  if (quote === "'") return inside.replaceAll("\\'", "'");
  return expand(reading, unescapeDouble(inside), start);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  // `\$` is a dollar sign that starts no variable, which is `$$` to the substitution that comes next.
  $: '$$',
};

const unescapeDouble = (text: string): string =>
  text.replace(/\\([abfnrtv$"\\]|0\d{0,3})/g, (whole, code: string) =>
    code.startsWith('0') ? octal(code, whole) : (ESCAPES[code] ?? whole),
  );

function octal(code: string, whole: string): string {
  const digits = code.slice(1).padStart(3, '0');
  return /^[0-3][0-7]{2}$/.test(digits) ? String.fromCharCode(Number.parseInt(digits, 8)) : whole;
}

function expand(reading: Reading, value: string, offset: number): string {
  const at: Mark = { source: reading.source, offset };
  const { lookup, earlier, missing } = reading.options;
  try {
    return substitute(value, {
      lookup: (name) => lookup(name) ?? reading.values.get(name) ?? earlier?.(name),
      missing: (name) => missing?.(name, at),
    });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    if (error.reason === 'required') {
      throw problem('required-variable', `The value needs ${error.message}.`, at, [
        `Set it in the shell, or above this line: ${error.variable}=value`,
      ]);
    }
    throw problem('bad-env-file', `The value has ${error.message}.`, at, [
      'Quote the value with single quotes to take it as it is.',
    ]);
  }
}
