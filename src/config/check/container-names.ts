/** Two containers cannot have one name. Services that are not asked for may: each can be brought up by itself. */
import { isTree, textAt, treeAt } from '../resolve/tree-access.js';
import type { Checking } from './checking.js';

export function checkContainerNames(checking: Checking): void {
  const taken = new Map<string, string>();
  for (const [name, service] of Object.entries(treeAt(checking.model, 'services')).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const wanted = isTree(service) ? textAt(service, 'container_name') : undefined;
    if (wanted === undefined) continue;
    const other = taken.get(wanted);
    taken.set(wanted, name);
    if (other === undefined) continue;
    const sentence = `services.${name}: container name "${wanted}" is already in use by services.${other}.`;
    checking.problems.add('duplicate-container-name', sentence, checking.locate(['services', name, 'container_name']), [
      'Give one of them another name, or leave container_name out.',
    ]);
  }
}
