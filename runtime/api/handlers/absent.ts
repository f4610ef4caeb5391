/** What this engine does not do answers as Docker does where it is switched off, never as an unknown path. */
import { EngineError } from '../../errors.js';
import { type Answer, type Call, type Method, ok, type Route } from '../routes.js';

export const notSwarmManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const swarmPaths: readonly (readonly [Method, string])[] = [
  ['GET', '/swarm'],
  ['POST', '/swarm/update'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/unlock'],
  ['GET', '/nodes'],
  ['GET', '/nodes/:id'],
  ['DELETE', '/nodes/:id'],
  ['POST', '/nodes/:id/update'],
  ['GET', '/services'],
  ['POST', '/services/create'],
  ['GET', '/services/:id'],
  ['DELETE', '/services/:id'],
  ['POST', '/services/:id/update'],
  ['GET', '/services/:id/logs'],
  ['GET', '/tasks'],
  ['GET', '/tasks/:id'],
  ['GET', '/tasks/:id/logs'],
  ...['secrets', 'configs'].flatMap((kind): (readonly [Method, string])[] => [
    ['GET', `/${kind}`],
    ['POST', `/${kind}/create`],
    ['GET', `/${kind}/:id`],
    ['DELETE', `/${kind}/:id`],
    ['POST', `/${kind}/:id/update`],
  ]),
];

function refuse(
  method: Method,
  path: string,
  kind: ConstructorParameters<typeof EngineError>[0],
  sentence: string,
): Route {
  return {
    method,
    path,
    handle: () => {
      throw new EngineError(kind, sentence);
    },
  };
}

function listPlugins({ query }: Call): Answer {
  query.filters(['capability', 'enabled']);
  return ok([]);
}

function pluginRoutes(): Route[] {
  const unknown = (method: Method, path: string): Route => ({
    method,
    path,
    handle: ({ params }) => {
      throw new EngineError('not-found', `plugin "${params.name}" not found`);
    },
  });
  const noPlugins = 'this engine has no plugins';
  return [
    { method: 'GET', path: '/plugins', handle: listPlugins },
    unknown('GET', '/plugins/:name*/json'),
    unknown('DELETE', '/plugins/:name*'),
    ...['enable', 'disable', 'upgrade', 'push', 'set'].map((verb) => unknown('POST', `/plugins/:name*/${verb}`)),
    refuse('GET', '/plugins/privileges', 'not-implemented', noPlugins),
    refuse('POST', '/plugins/pull', 'not-implemented', noPlugins),
    refuse('POST', '/plugins/create', 'not-implemented', noPlugins),
  ];
}

/** Builds that have an id are BuildKit's; as at Docker nobody is told that there is none of this id. */
export function absentRoutes(): Route[] {
  const noSwarm = 'this engine has no swarm mode';
  return [
    ...swarmPaths.map(([method, path]) => refuse(method, path, 'unavailable', notSwarmManager)),
    refuse('POST', '/swarm/init', 'not-implemented', noSwarm),
    refuse('POST', '/swarm/join', 'not-implemented', noSwarm),
    refuse('POST', '/swarm/leave', 'unavailable', 'This node is not part of a swarm'),
    ...pluginRoutes(),
  ];
}
