/** What a service names has to be there. */
import { isTree, listAt, type Tree, textAt, treeAt } from '../resolve/tree-access.js';
import { nearest } from '../validate/suggest.js';
import { type Checking, placeOf } from './checking.js';

export function checkReferences(name: string, service: Tree, checking: Checking): void {
  const path = ['services', name];
  checkDependencies(service, path, checking);
  for (const key of Object.keys(treeAt(service, 'networks')))
    known('network', key, [...path, 'networks', key], checking);
  for (const key of Object.keys(treeAt(service, 'models'))) known('model', key, [...path, 'models', key], checking);
  for (const [index, mount] of listAt(service, 'volumes').entries()) {
    const source = isTree(mount) && mount.type === 'volume' ? textAt(mount, 'source') : undefined;
    if (source) known('volume', source, [...path, 'volumes', String(index)], checking);
  }
  const mounted = (kind: Kind, tree: Tree, key: string, at: readonly string[]) => {
    for (const [index, mount] of listAt(tree, key).entries()) {
      if (isTree(mount)) known(kind, textAt(mount, 'source') ?? '', [...at, key, String(index)], checking);
    }
  };
  mounted('secret', service, 'secrets', path);
  mounted('config', service, 'configs', path);
  mounted('secret', treeAt(service, 'build'), 'secrets', [...path, 'build']);
}

type Kind = 'network' | 'volume' | 'secret' | 'config' | 'model';

const BODIES: Readonly<Record<Kind, (name: string) => string>> = {
  network: () => '{}',
  volume: () => '{}',
  secret: (name) => `{file: ./${name}.txt}`,
  config: (name) => `{file: ./${name}}`,
  model: (name) => `{model: ai/${name}}`,
};

function known(kind: Kind, name: string, path: readonly string[], checking: Checking): void {
  const section = `${kind}s`;
  const defined = treeAt(checking.model, section);
  if (Object.hasOwn(defined, name) && !name.startsWith('x-')) return;
  if (checking.problems.isIncomplete(section)) return;
  const near = nearest(name, Object.keys(defined));
  const sentence = `services.${path[1]} uses the ${kind} "${name}", which is not defined.`;
  checking.problems.add(`undefined-${kind}`, sentence, placeOf(checking, path), [
    name.startsWith('x-')
      ? 'Rename it: names with "x-" are kept for extensions.'
      : near
        ? `Did you mean "${near}"?`
        : `Define it at the top of the file: ${section}: {${name}: ${BODIES[kind](name)}}`,
  ]);
}

function checkDependencies(service: Tree, path: readonly string[], checking: Checking): void {
  const services = treeAt(checking.model, 'services');
  for (const name of Object.keys(treeAt(service, 'depends_on'))) {
    if (Object.hasOwn(services, name)) continue;
    const off = checking.disabled.includes(name);
    if (!off && checking.problems.isIncomplete('services')) continue;
    if (off && treeAt(service, 'depends_on', name).required === false) continue;
    const sentence = off
      ? `services.${path[1]} needs the service "${name}", but no profile of it is on.`
      : `services.${path[1]} needs the service "${name}", which is not defined.`;
    checking.problems.add('undefined-service', sentence, placeOf(checking, dependencyPath(service, name, path)), [
      off ? 'Turn its profile on, or write required: false.' : adviceFor(name, Object.keys(services)),
    ]);
  }
}

function adviceFor(name: string, services: readonly string[]): string {
  const near = nearest(name, services);
  return near ? `Did you mean "${near}"?` : `Services: ${services.join(', ')}.`;
}

/** A dependency may be implied by something else than depends_on. */
function dependencyPath(service: Tree, name: string, path: readonly string[]): readonly string[] {
  for (const key of ['links', 'volumes_from']) {
    const index = listAt(service, key).findIndex((item) => String(item).split(':')[0] === name);
    if (index !== -1) return [...path, key, String(index)];
  }
  for (const key of ['network_mode', 'ipc', 'pid']) if (service[key] === `service:${name}`) return [...path, key];
  return [...path, 'depends_on', name];
}
