/** A Dockerfile may be somebody else's: what reaches beyond its step is for the client to grant (CVE-2024-23653). */
import { EngineError } from '../../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Run } from '../instructions/types.js';
import type { BuildOptions } from '../types.js';

type Granted = Pick<BuildOptions, 'entitlements' | 'network'>;

/** Before any step is done. Throws `invalid` in BuildKit's words. */
export function checkEntitlements({ needed }: Pick<Graph, 'needed'>, granted: Granted): void {
  for (const { instructions } of needed)
    for (const step of instructions) if (step.kind === 'run') checkEntitled(step, granted);
}

/** For a step that no Dockerfile shows, too: a base image's ONBUILD. Throws `invalid` in BuildKit's words. */
export function checkEntitled(step: Run, { entitlements = [], network }: Granted): void {
  const refuse = (name: string) => {
    if (!entitlements.includes(name)) throw new EngineError('invalid', `failed to load LLB: ${name} is not allowed`);
  };
  if (step.security === 'insecure') refuse('security.insecure');
  if (step.network === 'host' && network !== 'host') refuse('network.host');
}
