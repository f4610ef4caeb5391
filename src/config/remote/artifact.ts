/** A Compose project as an OCI artifact: the form in which `docker compose publish` puts it into a registry. Pure. */
import { sha256 } from './registry.js';

export const mediaTypes = {
  project: 'application/vnd.docker.compose.project',
  composeFile: 'application/vnd.docker.compose.file+yaml',
  envFile: 'application/vnd.docker.compose.envfile',
  /** OCI 1.0 has no type of an artifact: the one of its empty config tells what it is. */
  emptyConfig: 'application/vnd.docker.compose.config.empty.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
} as const;

export const annotation = {
  version: 'com.docker.compose.version',
  file: 'com.docker.compose.file',
  envFile: 'com.docker.compose.envfile',
  extends: 'com.docker.compose.extends',
} as const;

export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly mediaType?: string };
  readonly layers?: readonly Layer[];
}

/** What an artifact says that it is: its type, or in OCI 1.0 its config's. */
export const isProject = ({ artifactType, config }: Manifest): boolean =>
  artifactType === mediaTypes.project || config?.mediaType === mediaTypes.emptyConfig;

export type OciVersion = '1.0' | '1.1';
export type FileKind = 'compose' | 'extended' | 'env';

/** A file of the project; `name` has no folder. */
export interface PublishedFile {
  readonly kind: FileKind;
  readonly name: string;
  readonly content: Buffer;
}

export function layerOf({ kind, name, content }: PublishedFile, version: string): Layer {
  const isEnv = kind === 'env';
  return {
    mediaType: isEnv ? mediaTypes.envFile : mediaTypes.composeFile,
    digest: sha256(content),
    size: content.length,
    annotations: {
      [annotation.version]: version,
      [isEnv ? annotation.envFile : annotation.file]: name,
      ...(kind === 'extended' ? { [annotation.extends]: 'true' } : {}),
    },
  };
}

/** The config of every such artifact. */
export const EMPTY_CONFIG = Buffer.from('{}');

/** `created`: RFC 3339. */
export function projectManifest(layers: readonly Layer[], oci: OciVersion, created: string): string {
  const isArtifact = oci === '1.1';
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    ...(isArtifact ? { artifactType: mediaTypes.project } : {}),
    config: {
      mediaType: isArtifact ? mediaTypes.empty : mediaTypes.emptyConfig,
      digest: sha256(EMPTY_CONFIG),
      size: EMPTY_CONFIG.length,
    },
    layers,
    annotations: { 'org.opencontainers.image.created': created },
  });
}
