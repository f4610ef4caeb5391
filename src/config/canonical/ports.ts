/** Published ports in their long form: Compose Specification, "ports", and the forms that the docker command takes. */
import { isIP } from 'node:net';
import { problem } from '../problems.js';
import { child, type Node, withEntries } from '../tree/node.js';
import { fromPlain, type Plain, scalarText } from '../tree/plain.js';

/** One item of the list may stand for several ports. Throws UserError `bad-port`. */
export function longPorts(node: Node): Node[] {
  if (node.kind !== 'scalar') return [longPort(node)];
  if (node.value === null) throw bad('', 'is empty', node);
  const text = scalarText(node.value);
  return expand(text, node).map((port) => fromPlain(port, node.at));
}

function longPort(node: Node): Node {
  const published = child(node, 'published');
  if (node.kind !== 'mapping' || published?.kind !== 'scalar' || typeof published.value !== 'number') return node;
  return withEntries(node, [['published', { ...published, value: scalarText(published.value) }]]);
}

function expand(text: string, node: Node): { [key: string]: Plain }[] {
  const slash = text.indexOf('/');
  // What follows a second slash the reference does not look at.
  const protocol =
    slash === -1
      ? 'tcp'
      : text
          .slice(slash + 1)
          .split('/')[0]!
          .toLowerCase();
  const { ip, host, container } = split(slash === -1 ? text : text.slice(0, slash), node);
  if (!['tcp', 'udp', 'sctp'].includes(protocol))
    throw bad(text, `names the protocol "${protocol}"`, node, 'Use tcp, udp or sctp.');
  const inside = range(container, text, node);
  if (inside.first === 0) throw bad(text, 'names no port in the container', node);
  const outside = host === '' ? undefined : range(host, text, node);
  const many = inside.last - inside.first;
  const spread = outside !== undefined && outside.last - outside.first !== many;
  if (spread && many > 0) {
    throw bad(
      text,
      `has ranges of different length, ${host} and ${container}`,
      node,
      'Give both ranges the same length.',
    );
  }
  return Array.from({ length: many + 1 }, (_, index) => ({
    mode: 'ingress',
    ...(ip === '' ? {} : { host_ip: ip }),
    target: inside.first + index,
    ...(outside === undefined
      ? {}
      : { published: spread ? `${outside.first}-${outside.last}` : String(outside.first + index) }),
    protocol: protocol as Plain,
  })).sort(byPortText);
}

/** The reference goes through ranges in the order of their texts: 10, 11, 9. */
function byPortText(a: { target: number }, b: { target: number }): number {
  const [left, right] = [String(a.target), String(b.target)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function split(text: string, node: Node): { ip: string; host: string; container: string } {
  const parts = text.split(':');
  const container = parts.pop()!;
  const host = parts.pop() ?? '';
  const ip = parts.join(':');
  if (container === '') throw bad(text, 'names no port in the container', node);
  const bare = /^\[.*\]$/.test(ip) ? ip.slice(1, -1) : ip;
  // Only asked where there is a text: Node compiles its pattern for IPv6 on first use, which costs milliseconds.
  const bracketless = ip !== '' && isIP(ip) === 6;
  if (bare !== '' && (isIP(bare) === 0 || bracketless)) {
    const step = bracketless
      ? `Write it in brackets: [${ip}]:${host}:${container}`
      : 'Write an address such as 127.0.0.1.';
    throw bad(text, `begins with ${JSON.stringify(ip)}, which is no IP address`, node, step);
  }
  return { ip: bare, host, container };
}

function range(text: string, whole: string, node: Node): { first: number; last: number } {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match) throw bad(whole, `names ${JSON.stringify(text)}, which is no port`, node);
  if (first > 65535 || last > 65535) throw bad(whole, `names ${text}, but the highest port is 65535`, node);
  if (last < first) throw bad(whole, `has a range that ends before it begins, ${text}`, node);
  return { first, last };
}

const bad = (text: string, why: string, node: Node, step = 'Write HOST:CONTAINER, for example 8080:80.'): Error =>
  problem('bad-port', `The port ${JSON.stringify(text)} ${why}.`, node.at, [step]);
