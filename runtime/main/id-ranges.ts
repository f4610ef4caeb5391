/** Ids that a user may hand out in a user namespace. Pure. */

export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Images use ids up to nobody's, 65534. */
const ENOUGH = 65536;

/** The largest range of subuid(5) for this user, by name or by number; undefined when there is none. */
export function readRange(text: string, username: string, uid: number): IdRange | undefined {
  const ranges = text.split('\n').flatMap((line) => {
    const [who, first, count] = line.trim().split(':');
    if (who !== username && who !== String(uid)) return [];
    const range = { first: Number(first), count: Math.min(Number(count), ENOUGH) };
    return range.first > 0 && range.count > 0 ? [range] : [];
  });
  return ranges.sort((one, other) => other.count - one.count)[0];
}

/** For newuidmap(1) and user_namespaces(7): root inside is the user outside, everybody else comes from the range. */
export function idMap(own: number, range: IdRange | undefined): string {
  const root = `0 ${own} 1`;
  return range === undefined ? root : `${root} 1 ${range.first} ${range.count}`;
}
