/** Ports of a container as the docker command lists them. */
export interface ShownPort {
  readonly ip: string | undefined;
  readonly target: number;
  readonly published: number | undefined;
  readonly protocol: string;
}

/** Neighbours on one address that keep their number outside, or that are not published at all. */
interface Run {
  readonly ip: string;
  readonly protocol: string;
  readonly first: number;
  last: number;
}

/**
 * `80/tcp, 0.0.0.0:8000-8002->8000-8002/tcp, 127.0.0.1:3000->80/tcp`: neighbouring ports that keep their number are one range, and
 * those that have another one outside come last.
 */
export function portsText(ports: readonly ShownPort[]): string {
  const renumbered: string[] = [];
  const closed: Run[] = [];
  const open = new Map<string, Run>();
  for (const { ip = '', target, published, protocol } of [...ports].sort(byTarget)) {
    if (ip && published !== target) {
      renumbered.push(`${address(ip, String(published ?? 0))}->${target}/${protocol}`);
      continue;
    }
    const key = `${ip}/${protocol}`;
    const run = open.get(key);
    if (run && run.last + 1 === target) run.last = target;
    else {
      if (run) closed.push(run);
      open.set(key, { ip, protocol, first: target, last: target });
    }
  }
  return [...[...closed, ...open.values()].map(runText), ...renumbered].join(', ');
}

function byTarget(a: ShownPort, b: ShownPort): number {
  const [one, other] = [a.ip ?? '', b.ip ?? ''];
  if (a.target !== b.target) return a.target - b.target;
  if (one !== other) return one < other ? -1 : 1;
  if (a.published !== b.published) return (a.published ?? 0) - (b.published ?? 0);
  return a.protocol < b.protocol ? -1 : 1;
}

function runText({ ip, protocol, first, last }: Run): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return `${ip ? `${address(ip, range)}->` : ''}${range}/${protocol}`;
}

const address = (ip: string, port: string): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
