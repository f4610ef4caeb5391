/** What containers wrote beside their volumes, kept as images of the engine: `snapshot save --layers`. */
import { filesOf, isMounted } from '../../apply/request/mounts.js';
import type { EngineClient } from '../../engine/client.js';
import { commitContainer, inspectContainerFully } from '../../engine/containers.js';
import { inspectImage, inspectImageFully, removeImage } from '../../engine/images.js';
import { UserError } from '../../errors.js';
import type { ObservedContainer } from '../../model/observed.js';
import type { Project } from '../../model/project.js';
import type { KeptLayer, Snapshot } from './store.js';

/** Of containers that write nothing meanwhile. Throws UserError `secret-in-layer`; what was made until then is removed. */
export async function keepLayers(
  engine: EngineClient,
  project: Project,
  snapshot: string,
  containers: readonly ObservedContainer[],
): Promise<KeptLayer[]> {
  for (const container of containers) refuseSecrets(project, container);
  const kept: KeptLayer[] = [];
  try {
    for (const { id, service, replica } of containers) {
      const [repository, tag] = [`devenv-snapshot/${project.name}`, `${snapshot}.${service}.${replica}`];
      const changes = await withoutOwnVariables(engine, id);
      await commitContainer(engine, id, {
        repository,
        tag,
        changes,
        pause: false,
        author: undefined,
        message: undefined,
      });
      kept.push({ service, replica, image: `${repository}:${tag}` });
    }
    return kept;
  } catch (error) {
    await removeLayers(engine, kept);
    throw error;
  }
}

/** Where an engine cannot mount them, secrets that are no file are copied in, and would be kept with everything else. */
function refuseSecrets(project: Project, { service: name, mounts }: ObservedContainer): void {
  const service = project.services[name];
  const copied = service
    ? filesOf(service, project).filter(
        (file) => file.kind === 'secrets' && !isMounted(file) && !mounts.some(({ target }) => target === file.path),
      )
    : [];
  if (copied.length === 0) return;
  throw new UserError(
    'secret-in-layer',
    `${name}: the secret ${copied[0]!.source} is in the layer of its container, where no snapshot may have it.`,
    ['Leave --layers out: volumes alone are kept then.'],
  );
}

/** Values of variables are the config's, not the snapshot's: the image has those of its base, and the names of the others. */
async function withoutOwnVariables(engine: EngineClient, id: string): Promise<string[]> {
  const { Config, Image } = (await inspectContainerFully(engine, id)) as unknown as {
    readonly Config: { readonly Env?: readonly string[] | null };
    readonly Image: string;
  };
  const image = (await inspectImageFully(engine, Image).catch(() => ({}))) as {
    readonly Config?: { readonly Env?: readonly string[] | null };
  };
  const base = new Map((image.Config?.Env ?? []).map(splitVariable));
  return (Config.Env ?? [])
    .map(splitVariable)
    .filter(([name, value]) => base.get(name) !== value)
    .map(([name]) => `ENV ${name}="${(base.get(name) ?? '').replace(/["\\$]/g, '\\$&')}"`);
}

function splitVariable(entry: string): [string, string] {
  const [name = '', ...value] = entry.split('=');
  return [name, value.join('=')];
}

/** `SERVICE.REPLICA` → the image that its container is made from. Throws UserError `layer-gone`. */
export async function layerImages(
  engine: EngineClient,
  { name, layers = [] }: Snapshot,
): Promise<ReadonlyMap<string, string>> {
  for (const { image } of layers)
    if (!(await inspectImage(engine, image)))
      throw new UserError('layer-gone', `The engine does not have ${image} any more, which snapshot ${name} needs.`, [
        'Something removed that image; the volumes of the snapshot are still there.',
      ]);
  return new Map(layers.map(({ service, replica, image }) => [`${service}.${replica}`, image]));
}

/** One that a container runs on still, or that is gone already, is left. */
export async function removeLayers(engine: EngineClient, layers: readonly KeptLayer[]): Promise<void> {
  for (const { image } of layers) await removeImage(engine, image, true).catch(() => undefined);
}
