/** An OCI image layout in a folder of this machine as an image of the store. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { EngineError } from '../errors.js';
import type { Engine } from './engine.js';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Document {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** `FOLDER[:TAG][@DIGEST]`; without either the tag `latest`, or the only image. Returns the image's id. Throws `invalid`. */
export async function loadLayout(engine: Engine, text: string): Promise<string> {
  const match = /^(.*?)(?::([^/:@]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text);
  const [, folder = '', tag, digest] = match ?? [];
  if (!isAbsolute(folder))
    throw new EngineError('invalid', `oci-layout://${text}: the folder must be an absolute path`);
  const index = await readDocument(join(folder, 'index.json'), text);
  const chosen = choose(index.manifests ?? [], { tag, digest });
  if (chosen === undefined) throw new EngineError('invalid', `oci-layout://${text}: no such image in the layout`);
  const [image] = await engine.foundations.images.load(archive(folder, chosen, text), () => undefined);
  if (image === undefined) throw new EngineError('invalid', `oci-layout://${text}: no image for this machine`);
  return image.id;
}

function choose(
  manifests: readonly Descriptor[],
  { tag, digest }: { readonly tag: string | undefined; readonly digest: string | undefined },
): Descriptor | undefined {
  if (digest !== undefined) return manifests.find((one) => one.digest === digest) ?? bare(digest);
  const wanted = tag ?? 'latest';
  const names = (one: Descriptor) => one.annotations?.['org.opencontainers.image.ref.name'] ?? '';
  const named = manifests.find((one) => names(one) === wanted || names(one).endsWith(`:${wanted}`));
  return named ?? (tag === undefined && manifests.length === 1 ? manifests[0] : undefined);
}

/** A manifest that the layout's index does not list. */
const bare = (digest: string): Descriptor => ({ mediaType: '', digest, size: 0 });

/** The layout with one image in it, which has no name: what a build reads gets no tag here. */
function archive(folder: string, chosen: Descriptor, text: string): Readable {
  const stream = pack();
  const { annotations: _, ...plain } = chosen;
  const write = async () => {
    const index = { schemaVersion: 2, manifests: [plain] };
    stream.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}');
    stream.entry({ name: 'index.json' }, JSON.stringify(index));
    for (const digest of await blobsOf(folder, chosen.digest, text)) {
      const name = `blobs/${digest.replace(':', '/')}`;
      stream.entry({ name }, await readFile(join(folder, name)));
    }
    stream.finalize();
  };
  write().catch((error) => stream.destroy(error));
  return Readable.from(stream);
}

/** A manifest, or an index, and all that it names and that is there. */
async function blobsOf(folder: string, digest: string, text: string): Promise<string[]> {
  const document = await readDocument(join(folder, 'blobs', ...digest.split(':')), text);
  const leaves = [document.config, ...(document.layers ?? [])].flatMap((one) =>
    one === undefined ? [] : [one.digest],
  );
  const nested = await Promise.all(
    (document.manifests ?? []).map((one) => blobsOf(folder, one.digest, text).catch(() => [])),
  );
  return [...new Set([digest, ...leaves, ...nested.flat()])];
}

async function readDocument(path: string, text: string): Promise<Document> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new EngineError('invalid', `oci-layout://${text}: ${(cause as Error).message}`, { cause });
  }
}
