import { isTree, type Tree, treeAt } from './tree-access.js';

/** `scale` is `deploy.replicas` too, where there is a `deploy` that does not say it: so Compose shows it and others read it. */
export function withReplicas(model: Tree): Tree {
  const services = Object.entries(treeAt(model, 'services')).map(([name, service]) => [name, replicated(service)]);
  return services.length === 0 ? model : { ...model, services: Object.fromEntries(services) as Tree };
}

function replicated(service: Tree[string]): Tree[string] {
  if (!isTree(service) || !isTree(service.deploy)) return service;
  const { scale, deploy } = service;
  if (scale === undefined || scale === null || deploy.replicas !== undefined) return service;
  return { ...service, deploy: { ...deploy, replicas: scale } };
}
