import { EngineError } from '../errors.js';
import { checkName } from './check-create.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';

/** Throws `invalid` for a bad or an unchanged name, `conflict` for one in use. */
export async function renameContainer(engine: Engine, container: Container, to: string): Promise<void> {
  const name = to.replace(/^\//, '');
  try {
    checkName(`/${name}`);
  } catch (cause) {
    throw new EngineError('invalid', `Error when allocating new name: ${(cause as Error).message}`, { cause });
  }
  const old = container.name;
  if (name === old) throw new EngineError('invalid', 'Renaming a container with the same name as its current name');
  await container.lock.run(async () => {
    try {
      engine.containers.reserve(name, container.id);
    } catch (error) {
      throw new EngineError('conflict', `Error when allocating new name: ${(error as Error).message}`, {
        cause: error,
      });
    }
    engine.containers.release(old, container.id);
    await engine.save(container, { name });
    const endpoints = engine.foundations.networks.renamed(container.id, name);
    const { running } = container.record;
    if (running !== undefined) await engine.save(container, { running: { ...running, endpoints } });
    engine.tell(container, 'rename', { oldName: `/${old}` });
  });
}
