/** History as BuildKit writes it, and the times that an image gets from it. */
import type { HealthConfig, HistoryEntry } from '../../images/types.js';
import { formatDurationNs } from '../instructions/durations.js';
import type { StageState } from './state.js';

const COMMENT = 'buildkit.dockerfile.v0';

/** For a step that only changes the configuration. */
export function withMetadataHistory(state: StageState, createdBy: string): StageState {
  const entry = { created_by: createdBy, comment: COMMENT, empty_layer: true };
  return { ...state, history: [...state.history, entry] };
}

export function layerHistory(createdBy: string, created: string): HistoryEntry {
  return { created, created_by: createdBy, comment: COMMENT };
}

/**
 * Entries without a time get that of the layer before them, or of the first new layer where none is (BuildKit's
 * exporter does so, which makes a wholly cached build the same image again).
 */
export function withTimes(history: readonly HistoryEntry[]): { history: HistoryEntry[]; created: string | undefined } {
  let created: string | undefined;
  let missing = false;
  for (const entry of history) {
    if (entry.created === undefined) missing = true;
    else {
      created = entry.created;
      if (missing) break;
    }
  }
  missing = false;
  const filled = history.map((entry) => {
    if (entry.created === undefined) {
      missing = true;
      return created === undefined ? entry : { created, ...entry };
    }
    if (missing) created = entry.created;
    return entry;
  });
  return { history: filled, created: filled.at(-1)?.created };
}

/** Go's %q of a string. */
function quoteGo(text: string): string {
  return `"${[...text].map(quoteChar).join('')}"`;
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

function quoteChar(char: string): string {
  const named = NAMED[char];
  if (named !== undefined) return named;
  const code = char.codePointAt(0)!;
  return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char;
}

/** `["/bin/sh" "-c" "x"]`: Go's %q of a list. */
export function quoteList(items: readonly string[]): string {
  return `[${items.map(quoteGo).join(' ')}]`;
}

/** `&{["CMD" "x"] "30s" "0s" "0s" "0s" '\x03'}`: Go's %q of Docker's health configuration. */
export function quoteHealth(health: HealthConfig): string {
  const durations = [health.Interval, health.Timeout, health.StartPeriod, health.StartInterval];
  const times = durations.map((ns) => `"${formatDurationNs(ns ?? 0)}"`);
  return `&{${[quoteList(health.Test ?? []), ...times, quoteRune(health.Retries ?? 0)].join(' ')}}`;
}

function quoteRune(code: number): string {
  const char = String.fromCodePoint(code);
  if (char === "'") return `'\\''`;
  return `'${char === '"' ? char : quoteChar(char)}'`;
}
