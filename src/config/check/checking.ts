import type { Problems } from '../problems.js';
import type { Mark } from '../read/source.js';
import type { Tree } from '../resolve/tree-access.js';

export interface ModelChecking {
  readonly problems: Problems;
  readonly locate: (path: readonly string[]) => Mark | undefined;
  readonly model: Tree;
}

/** The model in its final form, disabled services left out. */
export interface Checking extends ModelChecking {
  /** Services that exist but take no part. */
  readonly disabled: readonly string[];
}

/** Where the nearest thing that is written stands: the key itself, or what holds it. */
export function placeOf({ locate }: Pick<Checking, 'locate'>, path: readonly string[]): Mark | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const at = locate(path.slice(0, length));
    if (at) return at;
  }
  return undefined;
}
