import type { PruneAnswer, VolumeSummary } from './answers.js';
import type { EngineClient } from './client.js';
import type { Filters } from './containers.js';

export async function listVolumes(engine: EngineClient, filters: Filters): Promise<VolumeSummary[]> {
  const answer = await engine.json<{ Volumes: VolumeSummary[] | null }>('GET', '/volumes', { query: { filters } });
  return answer.Volumes ?? [];
}

export async function createVolume(engine: EngineClient, body: object): Promise<void> {
  await engine.json('POST', '/volumes/create', { body });
}

export async function removeVolume(engine: EngineClient, name: string): Promise<void> {
  await engine.call('DELETE', `/volumes/${encodeURIComponent(name)}`);
}

/** Gives its name, which the engine makes up where `body` has none. */
export async function createNamedVolume(engine: EngineClient, body: object): Promise<string> {
  return (await engine.json<{ Name: string }>('POST', '/volumes/create', { body })).Name;
}

export function inspectVolume(engine: EngineClient, name: string): Promise<Readonly<Record<string, unknown>>> {
  return engine.json('GET', `/volumes/${encodeURIComponent(name)}`);
}

export async function removeVolumeWith(engine: EngineClient, name: string, force: boolean): Promise<void> {
  await engine.call('DELETE', `/volumes/${encodeURIComponent(name)}`, { query: { force } });
}

/** Anonymous ones alone, unless a filter says `all`. */
export function pruneVolumes(engine: EngineClient, filters: Filters): Promise<PruneAnswer> {
  return engine.json('POST', '/volumes/prune', { query: { filters } });
}
