/** What is said of an image beside it: in-toto statements in a manifest of their own, in one index with the image (as BuildKit keeps them). */
import type { Blobs } from './blobs.js';
import { digestOf } from './digest.js';
import { type Descriptor, mediaTypes } from './manifest.js';
import type { Repository } from './registry/repository.js';
import type { Digest, Image } from './types.js';

const IN_TOTO = 'application/vnd.in-toto+json';

interface Pushed {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** Sends the statements and gives the index of both; the image's manifest is at the registry already. */
export async function sendAttestations(
  { blobs, repository }: { readonly blobs: Blobs; readonly repository: Repository },
  image: Image,
  manifest: Pushed,
): Promise<Uint8Array> {
  const layers = await Promise.all(
    (image.attestations ?? []).map(async ({ predicateType, digest }) => {
      const statement = statementOf(predicateType, JSON.parse((await blobs.read(digest)).toString()), manifest.digest);
      const sent = await send(repository, statement);
      return { mediaType: IN_TOTO, ...sent, annotations: { 'in-toto.io/predicate-type': predicateType } };
    }),
  );
  const diffIds = layers.map(({ digest }) => digest);
  const config = { architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, ...(await send(repository, config)) },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  await repository.putManifest(digestOf(bytes), bytes, mediaTypes.ociManifest);
  return indexOf(image, manifest, { digest: digestOf(bytes), sizeBytes: bytes.length });
}

/** in-toto attestation framework, Statement v0.1. */
function statementOf(predicateType: string, predicate: unknown, digest: Digest): object {
  const subject = [{ name: '_', digest: { sha256: digest.replace('sha256:', '') } }];
  return { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject, predicate };
}

async function send(repository: Repository, document: object): Promise<{ digest: Digest; size: number }> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  if (!(await repository.blobExists(digest)))
    await repository.upload(
      () => bytes,
      () => digest,
    );
  return { digest, size: bytes.length };
}

/** What stands on an image's descriptor in an index. */
export function descriptorNotes({ annotations }: Pick<Image, 'annotations'>): Pick<Descriptor, 'annotations'> {
  const noted = annotations?.['manifest-descriptor'];
  return noted ? { annotations: noted } : {};
}

function indexOf(image: Image, manifest: Pushed, attestation: Pick<Pushed, 'digest' | 'sizeBytes'>): Uint8Array {
  const { os, architecture, variant } = image.platform;
  const platform = { architecture, os, ...(variant ? { variant } : {}) };
  const annotations = {
    'vnd.docker.reference.digest': manifest.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [
      {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.sizeBytes,
        ...descriptorNotes(image),
        platform,
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: attestation.digest,
        size: attestation.sizeBytes,
        annotations,
        platform: { architecture: 'unknown', os: 'unknown' },
      },
    ],
    ...(image.annotations?.index ? { annotations: image.annotations.index } : {}),
  };
  return Buffer.from(JSON.stringify(index));
}
