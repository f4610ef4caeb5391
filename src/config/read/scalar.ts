/**
 * What a YAML scalar means to Compose: the rules of Go's yaml.v3, a YAML 1.2 core schema with a few things of 1.1 (octals with a
 * leading zero, binary, underscores in numbers, dates). `yes` and `on` are text.
 */
import type { ScalarValue } from '../tree/node.js';

const KEYWORDS: ReadonlyMap<string, ScalarValue> = new Map<string, ScalarValue>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, ScalarValue] => [word, null]),
  ...['true', 'True', 'TRUE'].map((word): [string, ScalarValue] => [word, true]),
  ...['false', 'False', 'FALSE'].map((word): [string, ScalarValue] => [word, false]),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, ScalarValue] => [word, Infinity]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, ScalarValue] => [word, -Infinity]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, ScalarValue] => [word, Number.NaN]),
]);

const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9]\d*))$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]| )\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})?)?$/;
const LARGEST_UNSIGNED = 2n ** 64n;

/** A plain scalar without a tag. */
export function resolvePlain(text: string): ScalarValue {
  const keyword = KEYWORDS.get(text);
  if (keyword !== undefined) return keyword;
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return text;
  return dateOf(text) ?? numberOf(text) ?? text;
}

/** A whole or broken number, undefined when the text is neither. */
export function numberOf(text: string): number | bigint | undefined {
  const digits = text.replaceAll('_', '');
  const whole = INTEGER.exec(digits);
  if (whole) return integer(whole);
  const float = FLOAT.test(digits) ? Number(digits) : undefined;
  return Number.isFinite(float) ? float : undefined;
}

function integer(match: RegExpExecArray): number | bigint | undefined {
  const [, sign, hex, octal, binary, decimal] = match;
  const magnitude = BigInt(hex ? `0x${hex}` : octal ? `0o${octal}` : binary ? `0b${binary}` : decimal!);
  const value = sign === '-' ? -magnitude : magnitude;
  // Beyond 64 bits the reference falls back to a float, which only decimal digits can be.
  if (value >= LARGEST_UNSIGNED || value < -(LARGEST_UNSIGNED / 2n)) return decimal ? Number(value) : undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function dateOf(text: string): Date | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined;
}

/**
 * How a number that was written as a float prints as text (Go's `%v`): with an exponent below 1e-4 and from 1e6 on.
 * Undefined where it is no different from the number's usual text.
 */
export function floatText(written: string, value: number): string | undefined {
  if (INTEGER.test(written.replaceAll('_', '')) || !Number.isFinite(value) || value === 0) return undefined;
  const exponent = Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return undefined;
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}
