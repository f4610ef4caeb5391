import type { NetworkSummary } from './answers.js';
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
