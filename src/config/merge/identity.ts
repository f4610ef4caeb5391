/** What makes two items of a list the same thing, so that a later one takes the place of an earlier. */
import { parseVolume } from '../canonical/volume-syntax.js';
import { child, isText, type Node } from '../tree/node.js';
import { scalarText } from '../tree/plain.js';

/** Undefined: unlike any other. */
export type Identity = (item: Node) => string | undefined;

const textOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'scalar' && node.value !== null ? scalarText(node.value) : undefined;

/** The item itself, numbers and their texts alike. */
export const byText: Identity = (item) => textOf(item);

/** `NAME` of `NAME=value`. */
export const byName: Identity = (item) => textOf(item)?.split('=', 1)[0];

/** The target in the container. */
export const byVolumeTarget: Identity = (item) => {
  if (isText(item)) return parseVolume(item.value)?.target;
  return textOf(child(item, 'target'));
};

/** The target of a device mapping; a device without target is there under its own path. */
export const byDeviceTarget: Identity = (item) => {
  if (!isText(item)) return textOf(child(item, 'target')) ?? textOf(child(item, 'source'));
  const [source, target] = item.value.split(':');
  return target === undefined || target === '' ? source : target;
};

/** Where a secret or config appears: below `folder` when it names no target. */
export const byMountTarget =
  (folder: string): Identity =>
  (item) => {
    if (isText(item)) return `${folder}/${item.value}`;
    const target = textOf(child(item, 'target'));
    return target ?? `${folder}/${textOf(child(item, 'source')) ?? ''}`;
  };

export const byPath: Identity = (item) => textOf(item) ?? textOf(child(item, 'path'));

/** Address, port in the container, published port and protocol. Short forms are told apart as they are written. */
export const byPort: Identity = (item) => {
  if (item.kind === 'scalar') return textOf(item);
  if (child(item, 'target') === undefined) return undefined;
  const part = (key: string, standard: string) => textOf(child(item, key)) ?? standard;
  return [part('host_ip', '0.0.0.0'), part('target', ''), part('published', ''), part('protocol', 'tcp')].join(' ');
};
