/** Links of the default bridge: `NAME[:ALIAS]` in a container's HostConfig makes NAME known as `/container/ALIAS` too. */
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';

interface Link {
  readonly to: string;
  readonly alias: string;
}

/** `NAME[:ALIAS]`; an alias may come back as inspect shows it, `/parent/ALIAS`. */
export function parseLink(text: string): Link {
  const [to = '', alias = to] = text.split(':');
  return { to, alias: alias.replace(/^.*\//, '') };
}

const linksOf = (container: Container) => container.record.hostConfig.Links ?? [];

/** What a container knows as `alias`: a name or an id. */
export function linkTarget(parent: Container, alias: string): string | undefined {
  return linksOf(parent)
    .map(parseLink)
    .find((link) => link.alias === alias)?.to;
}

/** Those that have links: looked up once for a list of many. */
export function linkParents(engine: Engine): Container[] {
  return engine.containers.all().filter((parent) => linksOf(parent).length > 0);
}

/** Under which names other containers know it: `/parent/alias`. */
export function linkNames(engine: Engine, container: Container, parents = linkParents(engine)): string[] {
  return parents.flatMap((parent) =>
    linksOf(parent)
      .map(parseLink)
      .filter(({ to }) => engine.containers.find(to) === container)
      .map(({ alias }) => `/${parent.name}/${alias}`),
  );
}

/** On Docker's default bridge, whose links are addresses in a file. Throws `system` for one that leads to what does not run. */
export function checkLinks(engine: Engine, parent: Container): void {
  if (parent.record.hostConfig.NetworkMode !== 'bridge') return;
  for (const { to, alias } of linksOf(parent).map(parseLink)) {
    const target = engine.containers.find(to);
    if (target !== undefined && !target.isRunning)
      throw new EngineError(
        'system',
        `Cannot link to a non running container: /${target.name} AS /${parent.name}/${alias}`,
      );
  }
}

/** `docker rm --link PARENT/ALIAS`. Throws `not-found`, and `system` for a container's own name, as Docker does. */
export async function removeLink(engine: Engine, reference: string): Promise<void> {
  const [parentName = '', alias, ...more] = reference.replace(/^\//, '').split('/');
  if (alias === undefined) {
    engine.containers.get(parentName);
    throw new EngineError('system', 'Conflict, cannot remove the default link name of the container');
  }
  const parent = engine.containers.find(parentName);
  const kept = parent && linksOf(parent).filter((link) => parseLink(link).alias !== alias);
  if (parent === undefined || kept === undefined || more.length > 0 || kept.length === linksOf(parent).length)
    throw new EngineError('not-found', `No such container: ${reference}`);
  await engine.save(parent, { hostConfig: { ...parent.record.hostConfig, Links: kept } });
}
