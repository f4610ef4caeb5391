import { EngineError } from '../errors.js';
import type { PreparedRoot } from '../snapshots/types.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';

/**
 * The folders of a container's writable root, made where they are missing. Throws `not-found` for a container that was
 * removed meanwhile, and leaves nothing of it then: its removal has looked already.
 */
export async function writableRoot(engine: Engine, container: Container): Promise<PreparedRoot> {
  const { id, chainId } = container.record;
  const { snapshots } = engine.foundations;
  const isThere = () => engine.containers.find(id) === container;
  try {
    const root = await snapshots.prepare(id, chainId);
    if (isThere()) return root;
  } catch (error) {
    if (isThere()) throw error;
  }
  await snapshots.discard(id);
  throw new EngineError('not-found', `No such container: ${id}`);
}
