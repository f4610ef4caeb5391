/** Sizes: Compose Specification, "Specifying byte values", as the docker command reads them. */

const POWERS = 'kmgtp';

/** Bytes of `512m`, `1.5GiB`, `100 mb`, `1e6`, `1024`; undefined: not a size. */
export function sizeBytes(text: string): number | undefined {
  const match = /^(\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?) ?([a-zA-Z]{0,3})$/.exec(text);
  if (!match) return undefined;
  const suffix = match[2]!.toLowerCase();
  if (suffix === '' || suffix === 'b') return Math.trunc(Number(match[1]));
  const power = POWERS.indexOf(suffix[0]!) + 1;
  if (power === 0 || !['', 'b', 'ib'].includes(suffix.slice(1))) return undefined;
  return Math.trunc(Number(match[1]) * 1024 ** power);
}
