import { EngineError } from '../errors.js';
import { parseTime } from './time.js';

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** A Go duration (`1h30m`, `10s`) in nanoseconds; undefined for what is none. */
function parseGoDuration(text: string): number | undefined {
  if (!/^[+-]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return text === '0' ? 0 : undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(number) * unitNs[unit!]!;
  return text.startsWith('-') ? -total : total;
}

function fromDate(text: string): bigint | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (!parts) return undefined;
  const [, day, hour = '00', minute = '00', second = '00', zone = 'Z'] = parts;
  const whole = `${day}T${hour}:${minute}:${second}${zone}`;
  return Number.isNaN(Date.parse(whole.replace(/\.\d+/, ''))) ? undefined : parseTime(whole);
}

/** Go's ParseInt of base 10, 64 bit. Throws `system` with its sentence. */
function parseGoInt(text: string): bigint {
  const sentence = `strconv.ParseInt: parsing ${JSON.stringify(text)}:`;
  if (!/^[+-]?\d+$/.test(text)) throw new EngineError('system', `${sentence} invalid syntax`);
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, value) !== value) throw new EngineError('system', `${sentence} value out of range`);
  return value;
}

/**
 * `since` and `until` of logs and events in nanoseconds since the epoch: Unix seconds, with decimals or without. Undefined for
 * empty text. Clients turn dates and durations into it, so Docker's engine knows none here, and a mistake counts as its own:
 * throws `system`.
 */
export function parseUnixTime(text: string): bigint | undefined {
  if (text === '') return undefined;
  const dot = text.indexOf('.');
  if (dot < 0) return parseGoInt(text) * 1_000_000_000n;
  const decimals = text.slice(dot + 1);
  const nanoseconds = Number(parseGoInt(decimals)) * 10 ** (9 - decimals.length);
  return parseGoInt(text.slice(0, dot)) * 1_000_000_000n + BigInt(Math.trunc(nanoseconds));
}

/**
 * `until` of a filter in nanoseconds since the epoch: Unix seconds with decimals, RFC 3339 with parts left out
 * (UTC then), or a Go duration before now. Undefined for empty text. Throws `invalid`.
 */
export function parseTimestamp(text: string, nowNs: bigint): bigint | undefined {
  if (text === '') return undefined;
  const unix = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (unix) return BigInt(unix[1]!) * 1_000_000_000n + BigInt((unix[2] ?? '').padEnd(9, '0'));
  const duration = parseGoDuration(text);
  if (duration !== undefined) return nowNs - BigInt(Math.round(duration));
  const date = fromDate(text);
  if (date !== undefined) return date;
  throw new EngineError('invalid', `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}
