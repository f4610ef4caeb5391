/** Services that depend on each other in a circle could never be started. */
import { isTree, treeAt } from '../resolve/tree-access.js';
import { type Checking, placeOf } from './checking.js';

export function checkCycles(checking: Checking): void {
  const services = treeAt(checking.model, 'services');
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    if (done.has(name) || !isTree(services[name])) return;
    const start = trail.indexOf(name);
    if (start !== -1) {
      complain([...trail.slice(start), name], checking);
      return;
    }
    for (const dependency of Object.keys(treeAt(services, name, 'depends_on'))) visit(dependency, [...trail, name]);
    done.add(name);
  };
  for (const name of Object.keys(services).sort()) visit(name, []);
}

function complain(circle: readonly string[], checking: Checking): void {
  const [first, second] = circle as [string, string];
  const at = checking.locate(['services', first, 'depends_on', second]) ?? placeOf(checking, ['services', first]);
  checking.problems.add(
    'dependency-cycle',
    `The services depend on each other in a circle: ${circle.join(' -> ')}.`,
    at,
    ['Remove one of these dependencies; links, volumes_from and service: namespaces count as well.'],
  );
}
