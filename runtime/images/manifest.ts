import { EngineError } from '../errors.js';
import { checkConfigShape } from './config-shape.js';
import { isDigest } from './reference.js';
import type { Digest, HistoryEntry, ImageConfig, Platform } from './types.js';

/** Documents of a registry: OCI image spec ("Image Manifest", "Image Index", "Image Configuration") and Docker's schema 2. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform & { readonly 'os.version'?: string };
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

/** The configuration document; its digest is the image's id. */
export interface ConfigDocument {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly docker_version?: string;
  readonly created?: string;
  readonly config?: ImageConfig;
  readonly history?: readonly HistoryEntry[];
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
}

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export type Document =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index };

/** Tells a manifest from an index and checks its form; `mediaType` is what the registry called it. Throws `invalid`. */
export function parseDocument(bytes: Uint8Array, mediaType: string | undefined): Document {
  const value = parseJson(bytes, 'manifest');
  const type = typeof value.mediaType === 'string' ? value.mediaType : mediaType;
  if (value.schemaVersion === 1) {
    throw new EngineError(
      'invalid',
      'Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed',
    );
  }
  if (Array.isArray(value.manifests) && (type === undefined || !isManifestType(type))) {
    for (const one of value.manifests) checkDescriptor(one);
    return { kind: 'index', index: value as unknown as Index };
  }
  if (!Array.isArray(value.layers))
    throw new EngineError('invalid', `unsupported manifest format: ${type ?? 'unknown'}`);
  checkDescriptor(value.config);
  for (const one of value.layers) checkDescriptor(one);
  return { kind: 'manifest', manifest: value as unknown as Manifest };
}

function isManifestType(type: string): boolean {
  return type === mediaTypes.ociManifest || type === mediaTypes.dockerManifest;
}

/** Throws `invalid`. */
export function parseConfig(bytes: Uint8Array): ConfigDocument {
  const value = parseJson(bytes, 'image configuration');
  const rootfs = value.rootfs as ConfigDocument['rootfs'] | undefined;
  if (!rootfs || !Array.isArray(rootfs.diff_ids) || !rootfs.diff_ids.every(isDigestLike)) {
    throw new EngineError('invalid', 'invalid image configuration: no layers (rootfs.diff_ids) in it');
  }
  if (typeof value.os !== 'string') throw new EngineError('invalid', 'invalid image configuration: no os in it');
  checkConfigShape(value);
  return value as unknown as ConfigDocument;
}

function isDigestLike(value: unknown): boolean {
  return typeof value === 'string' && isDigest(value);
}

function checkDescriptor(value: unknown): void {
  const one = value as Partial<Descriptor> | undefined;
  if (typeof one?.digest !== 'string' || !isDigest(one.digest) || !Number.isSafeInteger(one.size) || one.size! < 0) {
    throw new EngineError('invalid', `invalid manifest: ${JSON.stringify(value)} is no content descriptor`);
  }
}

function parseJson(bytes: Uint8Array, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new EngineError('invalid', `invalid ${what}: ${(cause as Error).message}`, { cause });
  }
  throw new EngineError('invalid', `invalid ${what}: not an object`);
}
