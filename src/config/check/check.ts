/** Whether the parts of a config fit together, once each of them is right by itself. */
import { isTree, treeAt } from '../resolve/tree-access.js';
import type { Checking } from './checking.js';
import { checkCycles } from './cycles.js';
import { checkReferences } from './references.js';
import { checkService } from './service.js';

export function check(checking: Checking): void {
  const services = treeAt(checking.model, 'services');
  for (const [name, service] of Object.entries(services)) {
    if (!isTree(service)) continue;
    checkService(name, service, checking);
    checkReferences(name, service, checking);
  }
  checkCycles(checking);
}
