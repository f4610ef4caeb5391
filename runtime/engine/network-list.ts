/** Networks as clients see them: filters, and who is on them. */
import { EngineError } from '../errors.js';
import type { Endpoint, NetworkRecord } from '../network/types.js';
import type { Engine } from './engine.js';
import type { Filters } from './filters.js';
import { parseTime } from './time.js';

export type { Endpoint, IpamPool, NetworkRecord, NetworkRequest } from '../network/types.js';

export const networkListFilters = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'] as const;
export const networkPruneFilters = ['label', 'label!', 'until'] as const;

function matchesType(network: NetworkRecord, filters: Filters): boolean {
  const types = filters.get('type');
  for (const type of types)
    if (type !== 'custom' && type !== 'builtin') throw new EngineError('system', `invalid filter: 'type'='${type}'`);
  return types.length === 0 || types.includes(network.predefined ? 'builtin' : 'custom');
}

/** Those that no running container is on; predefined ones never count. */
function isDangling(engine: Engine, network: NetworkRecord): boolean {
  return !network.predefined && networkUsers(engine, network).length === 0;
}

function wantsDangling(filters: Filters): boolean | undefined {
  if (!filters.has('dangling')) return undefined;
  const [value, ...more] = filters.get('dangling');
  if (more.length > 0) throw new EngineError('invalid', 'got more than one value for filter key "dangling"');
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new EngineError('invalid', `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`);
}

export function listNetworks(engine: Engine, filters: Filters): NetworkRecord[] {
  const dangling = wantsDangling(filters);
  return engine.foundations.networks
    .list()
    .filter(
      (network) =>
        matchesType(network, filters) &&
        filters.matchesExactly('driver', network.driver) &&
        filters.matchesExactly('scope', 'local') &&
        filters.matchesPart('name', network.name) &&
        (!filters.has('id') || filters.get('id').some((id) => network.id.startsWith(id))) &&
        filters.matchesLabels('label', network.labels) &&
        (dangling === undefined || dangling === isDangling(engine, network)),
    );
}

/** Running containers on a network. A network of the host or none has no endpoints of its own, so their containers are asked. */
export function networkUsers(engine: Engine, network: NetworkRecord): Endpoint[] {
  return engine.foundations.networks.endpoints(network.id);
}

/** Removes every custom network without containers. Returns their names. */
export async function pruneNetworks(engine: Engine, filters: Filters): Promise<string[]> {
  const until = filters.until('invalid');
  const deleted: string[] = [];
  for (const network of engine.foundations.networks.list()) {
    if (network.predefined || network.configOnly || networkUsers(engine, network).length > 0) continue;
    if (!filters.matchesLabels('label', network.labels) || !filters.lacksLabels('label!', network.labels)) continue;
    if (until !== undefined && parseTime(network.created) > until) continue;
    await removeNetwork(engine, network.id);
    deleted.push(network.name);
  }
  return deleted;
}

/** Throws `not-found`; `forbidden` for a predefined one or while containers are on it. */
export async function removeNetwork(engine: Engine, name: string): Promise<void> {
  const network = engine.foundations.networks.get(name);
  if (network.predefined)
    throw new EngineError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
  await engine.foundations.networks.remove(network.id);
  tellNetwork(engine, 'destroy', network);
}

export function tellNetwork(engine: Engine, action: string, network: NetworkRecord, container?: string): void {
  const attributes = { name: network.name, type: network.driver };
  engine.events.publish('network', action, network.id, container ? { ...attributes, container } : attributes);
}
