/** Scalars as Go's yaml.v3 writes them: plain where that reads back as the same text, else quoted, several lines as a block. */
import { floatText, resolvePlain } from '../read/scalar.js';

/** Texts that YAML 1.1 reads as something else. */
const OLD_BOOLEAN = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const BASE_60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;

/** Begins or contains what means something in a block: an indicator, `: `, ` #`, a document's mark, a blank at an end. */
const INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$)|---|\.\.\.)|:(?:\s|$)|\s#|^ | $/;
const UNPRINTABLE = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

export function numberYaml(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return Number.isInteger(value) && Math.abs(value) < 1e21
    ? String(value)
    : (floatText(`${value}.`, value) ?? String(value));
}

/** `indent`: of the lines of a block. Keys never become blocks. */
export function textYaml(text: string, indent: string, isKey = false): string {
  if (text.includes('\n')) return isKey || !fitsBlock(text) ? doubleQuoted(text) : block(text, indent);
  if (readsDifferently(text) || UNPRINTABLE.test(text)) return doubleQuoted(text);
  return INDICATOR.test(text) ? `'${text.replaceAll("'", "''")}'` : text;
}

function readsDifferently(text: string): boolean {
  return typeof resolvePlain(text) !== 'string' || OLD_BOOLEAN.test(text) || BASE_60.test(text);
}

/** A block cannot hold a blank before a line break or at its end, nor what is not printable; tabs it can. */
const fitsBlock = (text: string): boolean => !/ (?:\n|$)/.test(text) && !UNPRINTABLE.test(text.replaceAll('\t', ''));

function block(text: string, indent: string): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : /(?:^|\n)\n$/.test(text) ? '+' : '';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n').map((line) => (line === '' ? '' : indent + line));
  return [`|${hint}${chomp}`, ...lines].join('\n');
}

const NAMED: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string): string {
  let result = '';
  for (const char of text) result += NAMED[char] ?? (UNPRINTABLE.test(char) ? escapeOf(char.codePointAt(0)!) : char);
  return `"${result}"`;
}

function escapeOf(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
