import { EngineError } from '../errors.js';
import type { Catalog, NamedReference } from './catalog.js';
import { shortId } from './digest.js';
import { familiarName, familiarReference, parseReference } from './reference.js';
import type { ChainId, Digest, Image, ImageStore, Reference, RemovedImage } from './types.js';

type RemoveOptions = Parameters<ImageStore['remove']>[1];

/** Docker's `rmi`: a name is taken away; the image goes with its last one, unless something stands on it. */
export async function removeImage(catalog: Catalog, name: string, options: RemoveOptions): Promise<RemovedImage[]> {
  const image = catalog.get(name);
  const removed: RemovedImage[] = [];
  if (!catalog.isIdOf(name, image.id)) {
    const variants = catalog.variants(name);
    const one = options.platform && variants.length > 1 ? catalog.find(name, options.platform) : undefined;
    if (one) return removePlatform(catalog, one, parseReference(name), options, removed);
    await removeByName(catalog, variants, name, options, removed);
    for (const one of variants) {
      const isNamedStill = catalog.references(one.id).length > 0;
      if (!isNamedStill) await deleteImage(catalog, one, { ...options, quiet: true }, removed);
    }
    return removed;
  }
  const references = catalog.references(image.id);
  if (isSingle(references)) {
    const asked = { ...options, children: catalog.children(image.id) };
    const conflict = findConflict(image, asked, { ...masks(options.force), references: false }, references);
    if (conflict) throw conflict.error;
    for (const one of references) await unname(catalog, one, removed, image.id);
  }
  return deleteImage(catalog, image, { ...options, quiet: false }, removed);
}

/** One platform's image leaves the name and the digests of its repository; the name stays for the others. */
async function removePlatform(
  catalog: Catalog,
  image: Image,
  wanted: Reference,
  options: RemoveOptions,
  removed: RemovedImage[],
): Promise<RemovedImage[]> {
  const tag = familiarReference(wanted);
  const own = catalog.references(image.id).filter((one) => one.repository === familiarName(wanted));
  const staysTagged = own.some((one) => !one.isDigest && one.familiar !== tag);
  for (const one of own) {
    if (one.familiar === tag || (one.isDigest && !staysTagged)) await catalog.unname(one.key, image.id);
  }
  if (catalog.references(image.id).length > 0) return removed;
  return deleteImage(catalog, image, { ...options, quiet: true }, removed);
}

async function removeByName(
  catalog: Catalog,
  variants: readonly Image[],
  name: string,
  options: RemoveOptions,
  removed: RemovedImage[],
): Promise<void> {
  const image = variants[0]!;
  const references = catalog.references(image.id);
  const user = variants.flatMap(({ id }) => options.inUse(id))[0];
  if (!options.force && isSingle(references) && user) {
    const why = `container ${user.id.slice(0, 12)} is using its referenced image ${shortId(image.id)}`;
    throw new EngineError(
      'conflict',
      `conflict: unable to remove repository reference "${name}" (must force) - ${why}`,
    );
  }
  const wanted = parseReference(name);
  const familiar = familiarReference(wanted.digest === undefined ? wanted : { ...wanted, tag: undefined });
  const named = references.find((one) => one.familiar === familiar);
  if (named) await unname(catalog, named, removed);
  const rest = distinct(variants.flatMap(({ id }) => catalog.references(id)));
  const isLastTag =
    named && !named.isDigest && !rest.some((one) => !one.isDigest && one.repository === named.repository);
  if (isLastTag) {
    for (const one of rest) if (one.repository === named.repository) await unname(catalog, one, removed);
  }
}

function distinct(references: readonly NamedReference[]): NamedReference[] {
  return [...new Map(references.map((one) => [one.key, one])).values()];
}

/** With `id` the name stays for other platforms' images. */
async function unname(
  catalog: Catalog,
  reference: NamedReference,
  removed: RemovedImage[],
  id?: Digest,
): Promise<void> {
  await catalog.unname(reference.key, id);
  removed.push({ untagged: reference.familiar });
}

/** At most one tag, and every name in one repository. */
function isSingle(references: readonly NamedReference[]): boolean {
  const tags = references.filter((one) => !one.isDigest).length;
  const repositories = new Set(references.map((one) => one.repository)).size;
  return references.length <= 1 || (tags <= 1 && repositories === 1);
}

interface Masks {
  readonly stopped: boolean;
  readonly references: boolean;
}

/** What is a reason against: a running container always, the rest unless forced. */
function masks(force: boolean): Masks {
  return { stopped: !force, references: !force };
}

function findConflict(
  image: Image,
  { inUse, children }: RemoveOptions & { readonly children: readonly Digest[] },
  { stopped, references: byReferences }: Masks,
  references: readonly NamedReference[],
): { readonly error: EngineError; readonly used: boolean } | undefined {
  const users = inUse(image.id);
  const running = users.find((one) => one.running);
  const refuse = (how: string, why: string, used: boolean) => ({
    error: new EngineError('conflict', `conflict: unable to delete ${shortId(image.id)} (${how}) - ${why}`),
    used,
  });
  if (children.length > 0) return refuse('cannot be forced', 'image has dependent child images', false);
  if (running) {
    return refuse('cannot be forced', `image is being used by running container ${running.id.slice(0, 12)}`, true);
  }
  if (byReferences && references.length > 0) {
    return refuse('must be forced', 'image is referenced in multiple repositories', false);
  }
  const user = users[0];
  if (stopped && user) {
    return refuse('must be forced', `image is being used by stopped container ${user.id.slice(0, 12)}`, true);
  }
  return undefined;
}

async function deleteImage(
  catalog: Catalog,
  image: Image,
  options: RemoveOptions & { readonly quiet: boolean },
  removed: RemovedImage[],
): Promise<RemovedImage[]> {
  const asked = { ...options, children: catalog.children(image.id) };
  const conflict = findConflict(image, asked, masks(options.force), catalog.references(image.id));
  // Its last name is gone already: that something still stands on it is then no failure.
  if (conflict && options.quiet && (conflict.used || asked.children.length > 0 || isNamed(catalog, image)))
    return removed;
  if (conflict) throw conflict.error;
  for (const one of catalog.references(image.id)) await unname(catalog, one, removed, image.id);
  await catalog.remove(image.id);
  removed.push({ deleted: image.id });
  for (const chainId of layersOnlyOf(image, catalog)) if (!options.kept?.(chainId)) removed.push({ deleted: chainId });
  const parent = image.parent && !options.noPrune ? catalog.byId(image.parent) : undefined;
  if (parent === undefined || isNamed(catalog, parent)) return removed;
  return deleteImage(catalog, parent, { ...options, force: false, quiet: true }, removed);
}

function isNamed(catalog: Catalog, image: Image): boolean {
  return catalog.references(image.id).length > 0;
}

/** Layers that no other image has, topmost first. */
function layersOnlyOf(image: Image, catalog: Catalog): ChainId[] {
  const others = new Set<Digest>(catalog.records().flatMap((record) => record.chainIds));
  return [...image.chainIds].reverse().filter((chainId) => !others.has(chainId));
}
