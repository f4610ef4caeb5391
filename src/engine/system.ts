import type { DiskUsage, EngineEvent, EngineVersion, PruneAnswer } from './answers.js';
import { readJsonLines } from './body.js';
import type { EngineClient } from './client.js';
import type { Filters } from './containers.js';

export function engineVersion(engine: EngineClient): Promise<EngineVersion> {
  return engine.json('GET', '/version');
}

export function engineInfo(engine: EngineClient): Promise<Readonly<Record<string, unknown>>> {
  return engine.json('GET', '/info');
}

/** What happens from now on (or from `since` on). The first item is waited for after the engine has begun to listen. */
export async function subscribeEvents(
  engine: EngineClient,
  filters: Filters,
  options: { readonly since?: string; readonly until?: string; readonly signal?: AbortSignal } = {},
): Promise<AsyncGenerator<EngineEvent>> {
  const { signal, ...query } = options;
  const response = await engine.stream('GET', '/events', {
    query: { filters, ...query },
    ...(signal ? { signal } : {}),
  });
  return readJsonLines<EngineEvent>(response);
}

export function diskUsage(engine: EngineClient): Promise<DiskUsage> {
  return engine.json('GET', '/system/df');
}

export function pruneBuildCache(engine: EngineClient, all: boolean, filters: Filters = {}): Promise<PruneAnswer> {
  return engine.json('POST', '/build/prune', { query: { all, filters } });
}

/** Whether a registry takes these credentials (an AuthConfig); gives the refresh token that it handed out, or nothing. */
export async function checkLogin(engine: EngineClient, auth: object): Promise<string> {
  const answer = await engine.json<{ IdentityToken?: string } | undefined>('POST', '/auth', { body: auth });
  return answer?.IdentityToken ?? '';
}

/** Of a swarm's manager. `T`: the part of a Service that is looked at. Throws EngineAnswerError 503 for an engine that is none. */
export function listSwarmServices<T>(engine: EngineClient, filters: Filters): Promise<T[]> {
  return engine.json<T[]>('GET', '/services', { query: { filters } });
}
