const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of a duration as the Compose Specification writes it (`1m30s`, `250ms`, `1h5.5s`); undefined: not one. */
export function parseDuration(text: string | number | undefined): number | undefined {
  if (text === undefined) return undefined;
  const written = String(text).trim();
  if (/^\d+(\.\d+)?$/.test(written)) return Number(written) * 1000;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== written) return undefined;
  return parts.reduce((sum, part) => sum + Number(part[1]) * unitsMs[part[2]!]!, 0);
}
