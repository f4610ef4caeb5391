/** Loads that may need remote configs: what is missing is fetched, and the load begins anew. */
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { problem } from '../problems.js';
import type { LoadRequest } from '../types.js';
import { RemoteNeeded, type Remotes } from './remote.js';

/** More than this is a circle of addresses that never ends. */
const LIMIT = 50;

export async function withRemotes<T>(request: LoadRequest, load: (remotes: Remotes) => T): Promise<T> {
  const remotes = new Map<string, string>();
  for (;;) {
    try {
      return load(remotes);
    } catch (error) {
      if (!(error instanceof RemoteNeeded) || remotes.size >= LIMIT) throw error;
      remotes.set(error.address, await fetchRemote(error, request));
    }
  }
}

async function fetchRemote({ address, at }: RemoteNeeded, { env }: LoadRequest): Promise<string> {
  const cache = join(env.XDG_CACHE_HOME || join(env.HOME || '/tmp', '.cache'), 'devenv', 'remote');
  try {
    if (address.startsWith('oci://')) return await (await import('./oci.js')).fetchArtifact(address, cache, env);
    return await (await import('./git.js')).fetchRepository(address, cache, env);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw problem('remote-config', `${address} cannot be fetched: ${why}`, at, [
      'Check the address and the network; what was fetched before is taken from the cache.',
    ]);
  }
}
