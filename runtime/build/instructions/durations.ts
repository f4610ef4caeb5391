const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's duration text (`1m30s`, `500ms`) in nanoseconds. Throws a sentence. */
export function parseDurationNs(text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new Error(`time: ${mistakeIn(text)} duration "${text}"`);
  }
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * UNITS_NS[part[2]!]!, 0));
}

/** Go tells a number that stands alone from what is no number at all. */
function mistakeIn(text: string): string {
  const unit = /^[+-]?(?:\d+\.?\d*|\.\d+)([^\d.]*)/.exec(text)?.[1];
  if (unit === undefined) return 'invalid';
  return unit === '' ? 'missing unit in' : Object.hasOwn(UNITS_NS, unit) ? 'invalid' : `unknown unit "${unit}" in`;
}

/** As Go prints it: `1m30s`, `500ms`, `0s`. */
export function formatDurationNs(ns: number): string {
  if (ns === 0) return '0s';
  if (ns < 1e9) {
    const [unit, size] = ns < 1e3 ? (['ns', 1] as const) : ns < 1e6 ? (['µs', 1e3] as const) : (['ms', 1e6] as const);
    return `${ns / size}${unit}`;
  }
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = `${(ns % 60e9) / 1e9}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
