import type { VolumeSummary } from './answers.js';
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
