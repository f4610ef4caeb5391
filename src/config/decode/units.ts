/** Shapes of values with a unit. */
import type { Plain } from '../tree/plain.js';
import { sizeBytes } from './bytes.js';
import { durationNs, durationText } from './duration.js';
import { complain, type Shape, textOf } from './shape.js';

/** `90s` → `1m30s`. */
export const duration: Shape = (value, at) => {
  if (value === undefined || value === null) return undefined;
  const nanoseconds = durationNs(textOf(value));
  if (nanoseconds !== undefined) return durationText(nanoseconds);
  const step = /^\d+$/.test(textOf(value)) ? `Give it a unit: ${textOf(value)}s.` : 'Write it as 30s, 1m30s or 250ms.';
  return complain(at, 'bad-duration', `${at.path.join('.')} is no duration: ${JSON.stringify(textOf(value))}.`, step);
};

/** `512m` → `"536870912"`: bytes as text, as the reference prints them; left out when 0. */
export const bytes: Shape = (value, at) => {
  const size = sizeOf(value, at);
  return size === undefined || size === 0 ? undefined : String(size);
};

function sizeOf(value: Plain | undefined, at: Parameters<Shape>[1]): number | bigint | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'bigint') return value;
  const size = sizeBytes(textOf(value));
  if (size !== undefined) return size;
  return complain(
    at,
    'bad-size',
    `${at.path.join('.')} is no size: ${JSON.stringify(textOf(value))}.`,
    'Write it as 512m, 2gb or a number of bytes.',
  );
}

/** Permissions of a file: text is octal, a number is one; printed with a leading zero. */
export const fileMode: Shape = (value, at) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return `0${Math.trunc(value).toString(8)}`;
  const written = textOf(value);
  if (/^0?[oO]?[0-7]+$/.test(written)) return `0${Number.parseInt(written.replace(/^0?[oO]/, ''), 8).toString(8)}`;
  return complain(
    at,
    'bad-mode',
    `${at.path.join('.')} is no file mode: ${JSON.stringify(written)}.`,
    'Write it as "0440".',
  );
};
