/** Where the value at a path of the config is written. */
import type { Location } from '../errors.js';
import { locationOf, type Mark } from './read/source.js';
import { child, type Mapping, type Node } from './tree/node.js';

export interface Places {
  /** Of the key, or of the item of a list; undefined for what no file says. */
  readonly locate: (path: readonly string[]) => Mark | undefined;
  /** By a dotted path. A name may have dots itself: the longest that fits is taken. */
  readonly locateText: (path: string) => Location | undefined;
}

export function placesIn(root: Mapping): Places {
  const locate = (path: readonly string[]): Mark | undefined => {
    const place = placeAt(root, path);
    return place?.source.text === '' ? undefined : place;
  };
  return {
    locate,
    locateText: (path) => {
      const mark = locateDotted(root, path.split('.'));
      return mark && mark.source.text !== '' ? locationOf(mark) : undefined;
    },
  };
}

function placeAt(root: Node, path: readonly string[]): Mark | undefined {
  let at: Node = root;
  let mark: Mark = root.at;
  for (const key of path) {
    const next = child(at, key);
    if (next === undefined) return undefined;
    mark = at.kind === 'mapping' ? at.entries.get(key)!.key : next.at;
    at = next;
  }
  return mark;
}

function locateDotted(node: Node, parts: readonly string[]): Mark | undefined {
  for (let length = parts.length; length > 0; length -= 1) {
    const key = parts.slice(0, length).join('.');
    const next = child(node, key);
    if (next === undefined) continue;
    if (length === parts.length) return node.kind === 'mapping' ? node.entries.get(key)!.key : next.at;
    const found = locateDotted(next, parts.slice(length));
    if (found) return found;
  }
  return undefined;
}
