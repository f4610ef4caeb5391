/** The label `com.docker.compose.config-hash` as docker compose 2.40 computes it, so that both tools take a container for the same. */
import { createHash } from 'node:crypto';
import type { Service } from '../../model/project.js';
import type { Tree } from '../resolve/tree-access.js';
import { compactServiceJson } from './json.js';

/** Attributes that a container can be kept with when they change. */
const NOT_OF_THE_CONTAINER = ['build', 'pull_policy', 'scale', 'depends_on', 'profiles'] as const;

/** 64 hex digits. Takes the service as the loader gives it, before anything is changed for an engine. */
export function composeHash(service: Service): string {
  const { name, ...hashed } = service as unknown as Tree & { name: string };
  for (const key of NOT_OF_THE_CONTAINER) delete hashed[key];
  if (typeof hashed.deploy === 'object' && hashed.deploy !== null) {
    const { replicas: _, ...deploy } = hashed.deploy as Tree;
    hashed.deploy = deploy;
  }
  return createHash('sha256').update(compactServiceJson(name, hashed)).digest('hex');
}
