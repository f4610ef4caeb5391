import type { Readable } from 'node:stream';
import tar from 'tar-stream';
import { createContainer, putArchive } from '../engine/containers.js';
import { inspectImage } from '../engine/images.js';
import { imageName, projectObjectName } from '../model/names.js';
import type { ContainerCreate } from '../model/plan.js';
import type { Service } from '../model/project.js';
import type { ApplyContext } from './context.js';
import { contentOf } from './file-content.js';
import { modeOf, writePrivateFiles } from './private-files.js';
import { containerRequest, type RequestContext } from './request/container.js';
import { filesOf, isMounted } from './request/mounts.js';

export async function createServiceContainer(op: ContainerCreate, context: ApplyContext): Promise<void> {
  await createContainerOf(context.project.services[op.service]!, op, context);
}

/** `service`: as the config says, or as `run` changes it. Gives the container's id. */
export async function createContainerOf(
  service: Service,
  op: ContainerCreate,
  context: ApplyContext,
  oneOff?: RequestContext['oneOff'],
): Promise<string> {
  const imageId = await idOfImage(imageName(context.project, service), context);
  const files = await writePrivateFiles(service, context);
  const body = containerRequest(service, op, {
    project: context.project,
    imageId,
    version: context.version,
    containerOf: (name) => containerOf(name, context),
    hostPorts: context.hostPorts,
    inherited: op.replaces?.keepVolumes ? anonymousVolumes(op.replaces.id, context) : {},
    ...(oneOff ? { oneOff } : {}),
    ...(files ? { files } : {}),
    layer: oneOff ? undefined : context.layers?.get(`${service.name}.${op.replica}`),
  });
  const platform = service.platform as string | undefined;
  const { Id, Warnings } = await createContainer(context.engine, op.name, body, platform);
  context.ids.set(op.name, Id);
  for (const text of Warnings ?? []) context.emit({ kind: 'warning', text: `${op.name}: ${text}` });
  if (files === undefined) await copyFiles(Id, service, context);
  return Id;
}

async function idOfImage(image: string, { images, engine }: ApplyContext): Promise<string | undefined> {
  const known = images.get(image);
  if (known !== undefined) return known;
  const id = (await inspectImage(engine, image))?.Id;
  if (id !== undefined) images.set(image, id);
  return id;
}

/** The first container of a service: one made in this apply, else one that was there. */
function containerOf(service: string, { project, ids, containers }: ApplyContext): string | undefined {
  const first = project.services[service]?.container_name ?? projectObjectName(project, service, 1);
  const replacing = [...ids.keys()].find((name) => name.endsWith(`_${first}`));
  const there = containers.filter((one) => one.service === service && !one.oneOff);
  return (replacing && ids.get(replacing)) ?? ids.get(first) ?? there[0]?.id;
}

/** Volumes without a name of their own carry 64 hex digits. */
function anonymousVolumes(id: string, { containers }: ApplyContext): Record<string, string> {
  const mounts = containers.find((one) => one.id === id)?.mounts ?? [];
  return Object.fromEntries(
    mounts.flatMap(({ type, name, target }) =>
      type === 'volume' && name !== undefined && /^[0-9a-f]{64}$/.test(name) ? [[target, name]] : [],
    ),
  );
}

/** Secrets and configs that cannot be mounted: see `isMounted`. */
async function copyFiles(id: string, service: Service, context: ApplyContext): Promise<void> {
  const files = filesOf(service, context.project).filter((file) => !isMounted(file));
  if (files.length === 0) return;
  const pack = tar.pack();
  for (const file of files) {
    const header = {
      name: file.path.replace(/^\//, ''),
      mode: modeOf(file),
      uid: Number(file.uid ?? 0),
      gid: Number(file.gid ?? 0),
    };
    pack.entry(header, await contentOf(file, context));
  }
  pack.finalize();
  await putArchive(context.engine, id, '/', pack as unknown as Readable);
}
