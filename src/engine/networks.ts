import type { NetworkSummary, PruneAnswer } from './answers.js';
import type { EngineClient } from './client.js';
import type { Filters } from './containers.js';

export function listNetworks(engine: EngineClient, filters: Filters): Promise<NetworkSummary[]> {
  return engine.json('GET', '/networks', { query: { filters } });
}

export async function createNetwork(engine: EngineClient, body: object): Promise<string> {
  return (await engine.json<{ Id: string }>('POST', '/networks/create', { body })).Id;
}

export async function removeNetwork(engine: EngineClient, name: string): Promise<void> {
  await engine.call('DELETE', `/networks/${encodeURIComponent(name)}`);
}

export function inspectNetwork(engine: EngineClient, name: string): Promise<Readonly<Record<string, unknown>>> {
  return engine.json('GET', `/networks/${encodeURIComponent(name)}`);
}

export async function connectNetwork(engine: EngineClient, name: string, body: object): Promise<void> {
  await engine.call('POST', `/networks/${encodeURIComponent(name)}/connect`, { body });
}

export async function disconnectNetwork(
  engine: EngineClient,
  name: string,
  container: string,
  force: boolean,
): Promise<void> {
  const body = { Container: container, Force: force };
  await engine.call('POST', `/networks/${encodeURIComponent(name)}/disconnect`, { body });
}

export function pruneNetworks(engine: EngineClient, filters: Filters): Promise<PruneAnswer> {
  return engine.json('POST', '/networks/prune', { query: { filters } });
}
