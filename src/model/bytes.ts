const powers: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes of a size as the Compose Specification writes it (`512m`, `2gb`, `1024`, `1e6`, 4096); undefined: not one. */
export function parseBytes(size: string | number | undefined): number | undefined {
  if (size === undefined) return undefined;
  if (typeof size === 'number') return size;
  const match = /^(\+?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*([bkmgtp])?i?b?$/i.exec(size.trim());
  if (!match) return size.trim() === '-1' ? -1 : undefined;
  return Math.floor(Number(match[1]) * 1024 ** powers[(match[2] ?? 'b').toLowerCase()]!);
}

/** `1.5kB`, `82MB`: powers of 1000 and at most four digits, as the docker command prints sizes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${Number(size.toPrecision(3))}${units[unit]}`;
}
