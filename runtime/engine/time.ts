/** Docker's zero time: never. */
export const NEVER = '0001-01-01T00:00:00Z';

/** Nanoseconds since the epoch, to the microsecond. */
export function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

/** RFC 3339 in UTC with as many decimals as there are, as Go's RFC3339Nano. */
export function formatTime(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** As `formatTime` with all nine decimals, as log lines show it. */
export function formatLogTime(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

export function now(): string {
  return formatTime(nowNs());
}

/** Nanoseconds of an RFC 3339 time with up to nine decimals; 0 for Docker's zero time. */
export function parseTime(text: string): bigint {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null || text === NEVER) return 0n;
  const seconds = BigInt(Date.parse(`${parts[1]}${parts[3]}`) / 1000);
  return seconds * 1_000_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'));
}
