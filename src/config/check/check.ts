/** Whether the parts of a config fit together, once each of them is right by itself. */
import type { Problems } from '../problems.js';
import type { Mark } from '../read/source.js';
import { isTree, type Tree, treeAt } from '../resolve/tree-access.js';
import { checkContainerNames } from './container-names.js';
import { checkCycles } from './cycles.js';
import { checkReferences } from './references.js';
import { checkService } from './service.js';

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

export function check(checking: Checking): void {
  const services = treeAt(checking.model, 'services');
  for (const [name, service] of Object.entries(services)) {
    if (!isTree(service)) continue;
    checkService(name, service, checking);
    checkReferences(name, service, checking);
  }
  checkContainerNames(checking);
  checkCycles(checking);
}
