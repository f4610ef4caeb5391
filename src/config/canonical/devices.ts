/** Device mappings and requests for accelerators in their long form: Compose Specification, "devices", "gpus", "deploy.resources". */
import { problem } from '../problems.js';
import { child, isText, type Node, sequence, withEntries } from '../tree/node.js';
import { fromPlain } from '../tree/plain.js';

/** `SOURCE[:TARGET[:PERMISSIONS]]`. Throws UserError `bad-device`. */
export function longDevice(node: Node): Node {
  if (!isText(node)) return node;
  const parts = node.value.split(':');
  if (parts.length > 3 || parts[0] === '') {
    throw problem(
      'bad-device',
      `The device ${JSON.stringify(node.value)} is not SOURCE[:TARGET[:PERMISSIONS]].`,
      node.at,
      ['For example /dev/ttyUSB0:/dev/ttyUSB0:rwm.'],
    );
  }
  const [source, target = source!, permissions = 'rwm'] = parts as [string, string?, string?];
  return fromPlain({ source: source!, target: target || source!, permissions }, node.at);
}

/** `gpus: all` stands for one request for all of them. */
export const longGpus = (node: Node): Node =>
  isText(node) && node.value === 'all' ? sequence([fromPlain({ count: -1 }, node.at)], node.at) : node;

/** A request's `count`: `all` is -1, a numeric text its number. Throws UserError `bad-count`. */
export function longDeviceRequest(node: Node): Node {
  const count = child(node, 'count');
  if (node.kind !== 'mapping' || !isText(count)) return node;
  if (count.value.toLowerCase() === 'all') return withEntries(node, [['count', { ...count, value: -1 }]]);
  if (/^[-+]?\d+$/.test(count.value)) return withEntries(node, [['count', { ...count, value: Number(count.value) }]]);
  throw problem('bad-count', `The count must be a number or "all", not ${JSON.stringify(count.value)}.`, count.at, [
    'Write count: all.',
  ]);
}
