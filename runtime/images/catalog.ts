import { EngineError } from '../errors.js';
import type { Snapshots } from '../snapshots/types.js';
import type { Store, Table } from '../state/types.js';
import { canonicalName, familiarName, familiarReference, isDigest, parseReference } from './reference.js';
import type { Digest, Image, Reference } from './types.js';

/** An image as it is kept; tags and digests that point at it stand in tables of their own. */
export type ImageRecord = Omit<Image, 'sizeBytes' | 'tags' | 'repoDigests'> & {
  readonly manifestMediaType: string;
};

/** `registry/repository:tag` or `registry/repository@digest` → the image. */
interface NameRecord {
  readonly imageId: Digest;
}

/** The tables of images and names, and how a name that a person types finds one. */
export interface Catalog {
  find(name: string): Image | undefined;
  get(name: string): Image;
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
  /** Records the image and its names in one step. */
  put(image: ImageRecord, names: readonly Reference[]): Promise<void>;
  name(id: Digest, reference: Reference): Promise<void>;
  unname(key: string): Promise<void>;
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

  function find(name: string): Image | undefined {
    const record = findRecord(name, images, names);
    return record && complete(record);
  }

  function link(id: Digest, reference: Reference): void {
    const key = keyOf(reference);
    const before = names.get(key)?.imageId;
    if (before !== undefined) byImage.get(before)?.delete(key);
    byImage.set(id, (byImage.get(id) ?? new Set()).add(key));
    void names.put(key, { imageId: id });
  }

  return {
    find,
    get(name) {
      const image = find(name);
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
    put: (image, references) =>
      store.transaction(() => {
        void images.put(image.id, references.length > 0 ? { ...image, lastTagged: now() } : image);
        for (const reference of references) link(image.id, reference);
      }),
    name: (id, reference) =>
      store.transaction(() => {
        const record = images.get(id);
        if (record) void images.put(id, { ...record, lastTagged: now() });
        link(id, reference);
      }),
    async unname(key) {
      const before = names.get(key)?.imageId;
      if (before !== undefined) byImage.get(before)?.delete(key);
      await names.remove(key);
    },
    async remove(id) {
      byImage.delete(id);
      await images.remove(id);
    },
  };
}

function indexNames(names: Table<NameRecord>): Map<Digest, Set<string>> {
  const index = new Map<Digest, Set<string>>();
  for (const { id: key, value } of names.all()) {
    index.set(value.imageId, (index.get(value.imageId) ?? new Set()).add(key));
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
