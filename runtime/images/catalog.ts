import { EngineError } from '../errors.js';
import type { Snapshots } from '../snapshots/types.js';
import type { Store, Table } from '../state/types.js';
import { hostPlatform, isSamePlatform } from './platform.js';
import { canonicalName, familiarName, familiarReference, isDigest, parseReference } from './reference.js';
import type { Digest, Image, Platform, Reference } from './types.js';

/** An image as it is kept; tags and digests that point at it stand in tables of their own. */
export type ImageRecord = Omit<Image, 'sizeBytes' | 'tags' | 'repoDigests'> & {
  readonly manifestMediaType: string;
};

/** `registry/repository:tag` or `registry/repository@digest` → the image. */
interface NameRecord {
  readonly imageId: Digest;
  /** What the name means on other platforms. */
  readonly others?: readonly Digest[];
}

/** The tables of images and names, and how a name that a person types finds one. */
export interface Catalog {
  /** `platform`: which of several is meant; where none is of it, the one that is meant without. */
  find(name: string, platform?: Platform): Image | undefined;
  get(name: string, platform?: Platform): Image;
  /** All platforms under a name, first the one that it means without saying more; the image itself for an id. */
  variants(name: string): Image[];
  /** By its id alone. */
  byId(id: Digest): Image | undefined;
  list(): Image[];
  records(): ImageRecord[];
  /** Whether `name` is (a prefix of) the id, rather than a tag or digest reference. */
  isIdOf(name: string, id: Digest): boolean;
  /** Images that were committed of containers of this one. */
  children(id: Digest): Digest[];
  /** All references to an image: tags first, as familiar texts. */
  references(id: Digest): NamedReference[];
  /** Records the image and its names in one step; `beside`: what these mean on other platforms. */
  put(image: ImageRecord, names: readonly Reference[], beside?: readonly Digest[]): Promise<void>;
  name(id: Digest, reference: Reference, beside?: readonly Digest[]): Promise<void>;
  /** With `id`: only that platform's image loses the name. */
  unname(key: string, id?: Digest): Promise<void>;
  remove(id: Digest): Promise<void>;
}

export interface NamedReference {
  readonly key: string;
  readonly familiar: string;
  readonly repository: string;
  readonly isDigest: boolean;
}

export function openCatalog(store: Store, snapshots: Snapshots): Catalog {
  const images = store.table<ImageRecord>('images');
  const names = store.table<NameRecord>('image-names');
  const byImage = indexNames(names);

  function references(id: Digest): NamedReference[] {
    const keys = [...(byImage.get(id) ?? [])].sort();
    return keys.map(describeKey).sort((a, b) => Number(a.isDigest) - Number(b.isDigest));
  }

  function complete(record: ImageRecord): Image {
    const { manifestMediaType: _, ...image } = record;
    const all = references(record.id);
    return {
      ...image,
      sizeBytes: record.chainIds.reduce((sum, chainId) => sum + snapshots.sizeBytes(chainId), 0),
      tags: all.filter((one) => !one.isDigest).map((one) => one.familiar),
      repoDigests: all.filter((one) => one.isDigest).map((one) => one.familiar),
    };
  }

  function find(name: string, platform?: Platform): Image | undefined {
    if (platform) return choose(variants(name), platform);
    const record = findRecord(name, images, names);
    return record && complete(record);
  }

  function variants(name: string): Image[] {
    const record = findRecord(name, images, names);
    if (!record) return [];
    const named = isDigest(name) || isHex64(name) ? undefined : findByName(name, names);
    const others = (named?.others ?? []).flatMap((id) => images.get(id) ?? []);
    return [record, ...others].map(complete);
  }

  function link(ids: readonly Digest[], reference: Reference): void {
    const key = keyOf(reference);
    for (const before of idsOf(names.get(key))) byImage.get(before)?.delete(key);
    for (const id of ids) byImage.set(id, (byImage.get(id) ?? new Set()).add(key));
    void names.put(key, nameRecord(ids));
  }

  /** What this machine can run comes first, then what came last. */
  function inOrder(ids: readonly Digest[]): Digest[] {
    const own = (id: Digest) => Number(images.get(id)?.platform.architecture === hostArchitecture);
    return [...new Set(ids)].sort((a, b) => own(b) - own(a));
  }

  return {
    find,
    variants,
    get(name, platform) {
      const image = find(name, platform);
      if (image) return image;
      // A name that can be none is a mistake of its own kind.
      if (!isDigest(name) && !isHex64(name)) parseReference(name);
      throw new EngineError('not-found', `No such image: ${sayMissing(name)}`);
    },
    byId(id) {
      const record = images.get(id);
      return record && complete(record);
    },
    list: () => images.all().map(({ value }) => complete(value)),
    records: () => images.all().map(({ value }) => value),
    isIdOf: (name, id) => !findByName(name, names) && (id.startsWith(name) || id.startsWith(`sha256:${name}`)),
    children: (id) =>
      images
        .all()
        .filter(({ value }) => value.parent === id)
        .map(({ value }) => value.id),
    references,
    put: (image, references, beside = []) =>
      store.transaction(() => {
        void images.put(image.id, references.length > 0 ? { ...image, lastTagged: now() } : image);
        for (const reference of references) link(inOrder([image.id, ...beside]), reference);
      }),
    name: (id, reference, beside = []) =>
      store.transaction(() => {
        const record = images.get(id);
        if (record) void images.put(id, { ...record, lastTagged: now() });
        link(inOrder([id, ...beside]), reference);
      }),
    async unname(key, id) {
      const before = idsOf(names.get(key));
      const rest = id === undefined ? [] : before.filter((one) => one !== id);
      for (const one of before) if (!rest.includes(one)) byImage.get(one)?.delete(key);
      await (rest.length > 0 ? names.put(key, nameRecord(rest)) : names.remove(key));
    },
    async remove(id) {
      byImage.delete(id);
      await images.remove(id);
    },
  };
}

const hostArchitecture = hostPlatform(process.arch).architecture;

function idsOf(record: NameRecord | undefined): Digest[] {
  return record ? [record.imageId, ...(record.others ?? [])] : [];
}

function nameRecord(ids: readonly Digest[]): NameRecord {
  const [imageId, ...others] = ids;
  return { imageId: imageId!, ...(others.length > 0 ? { others } : {}) };
}

function choose(variants: readonly Image[], platform: Platform): Image | undefined {
  return variants.find((one) => isSamePlatform(one.platform, platform)) ?? variants[0];
}

function indexNames(names: Table<NameRecord>): Map<Digest, Set<string>> {
  const index = new Map<Digest, Set<string>>();
  for (const { id: key, value } of names.all()) {
    for (const id of idsOf(value)) index.set(id, (index.get(id) ?? new Set()).add(key));
  }
  return index;
}

/** Key of a name: by digest where the reference has one, else by tag. */
export function keyOf(reference: Reference): string {
  const name = canonicalName(reference);
  return reference.digest === undefined ? `${name}:${reference.tag ?? 'latest'}` : `${name}@${reference.digest}`;
}

function describeKey(key: string): NamedReference {
  const reference = parseReference(key);
  const isDigestKey = reference.digest !== undefined;
  return { key, familiar: familiarReference(reference), repository: familiarName(reference), isDigest: isDigestKey };
}

function findRecord(name: string, images: Table<ImageRecord>, names: Table<NameRecord>): ImageRecord | undefined {
  if (isDigest(name)) return images.get(name);
  if (isHex64(name)) return images.get(`sha256:${name}`);
  const named = findByName(name, names);
  if (named) return images.get(named.imageId);
  return findByPrefix(name.replace(/^sha256:/, ''), images);
}

function findByName(name: string, names: Table<NameRecord>): NameRecord | undefined {
  const reference = tryParse(name);
  return reference && names.get(keyOf(reference));
}

function findByPrefix(prefix: string, images: Table<ImageRecord>): ImageRecord | undefined {
  if (!/^[a-f0-9]{1,64}$/.test(prefix)) return undefined;
  const found = images.all().filter(({ id }) => id.startsWith(`sha256:${prefix}`));
  if (found.length > 1) throw new EngineError('invalid', `multiple IDs found with provided prefix: ${prefix}`);
  return found[0]?.value;
}

function tryParse(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}

const isHex64 = (text: string) => /^[a-f0-9]{64}$/.test(text);

const now = () => new Date().toISOString();

function sayMissing(name: string): string {
  if (isDigest(name)) return name;
  if (isHex64(name)) return `sha256:${name}`;
  const reference = tryParse(name);
  return reference ? familiarReference(reference) : name;
}
