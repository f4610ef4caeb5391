/** Between nodes with places and plain data. */
import type { Mark } from '../read/source.js';
import { type Entry, mapping, type Node, type ScalarValue, scalar, sequence } from './node.js';

export type Plain = ScalarValue | Plain[] | { [key: string]: Plain };

/** Plain data of a node. Mappings have no prototype, so a key such as `__proto__` or `constructor` is just a key. */
export function toPlain(node: Node): Plain {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'sequence') return node.items.map(toPlain);
  const result = emptyObject();
  for (const [key, entry] of node.entries) result[key] = toPlain(entry.value);
  return result;
}

/** A node for plain data that stands for what is written at `at`: the long form of a short one, or a default. */
export function fromPlain(value: Plain, at: Mark): Node {
  if (Array.isArray(value)) {
    return sequence(
      value.map((item) => fromPlain(item, at)),
      at,
    );
  }
  if (value === null || typeof value !== 'object' || value instanceof Date) return scalar(value, at);
  const entries = new Map<string, Entry>();
  for (const [key, item] of Object.entries(value)) entries.set(key, { key: at, value: fromPlain(item, at) });
  return mapping(entries, at);
}

export const emptyObject = (): { [key: string]: Plain } => Object.create(null);

/**
 * A number as text the way the reference prints it (Go's `%v`): the shortest digits that give it back, with an exponent of at
 * least two digits below 1e-4 and from 1e21.
 */
export function numberText(value: number | bigint): string {
  if (typeof value === 'bigint') return value.toString();
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

/** Any scalar as text. */
export function scalarText(value: ScalarValue): string {
  if (value === null) return '';
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value);
  return value instanceof Date ? value.toISOString() : String(value);
}
