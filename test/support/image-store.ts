import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { openImageStore } from '../../runtime/images/store.js';
import type { ImageStore, ImageStoreOptions } from '../../runtime/images/types.js';
import type { Launcher } from '../../runtime/launch/types.js';
import { openSnapshots } from '../../runtime/snapshots/snapshots.js';
import type { Snapshots } from '../../runtime/snapshots/types.js';
import { openStore } from '../../runtime/state/lmdb-store.js';
import { digestText, type FakeRegistry } from './fake-registry.js';
import { type TarEntry, tarBytes } from './tar-bytes.js';

export interface TestStore {
  readonly home: string;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

/** An image store with folders of its own, on the real snapshots and the real records. */
export async function openTestStore(
  home: string,
  launcher: Launcher,
  options: Partial<ImageStoreOptions> = {},
): Promise<TestStore> {
  mkdirSync(home, { recursive: true });
  const store = openStore(path.join(home, 'state'));
  const snapshots = await openSnapshots({ home, launcher });
  const images = await openImageStore({ home, store, snapshots, retryMs: 5, ...options });
  return { home, images, snapshots, close: () => store.close() };
}

/** Puts an image of these layers into a registry; returns its manifest. */
export function publishImage(
  registry: FakeRegistry,
  repository: string,
  tag: string,
  layers: readonly (readonly TarEntry[])[],
  platform: { architecture: string; os: string } = { architecture: 'amd64', os: 'linux' },
) {
  const tars = layers.map((entries) => tarBytes(entries));
  const blobs = tars.map((tar) => registry.putBlob(gzipSync(tar)));
  const document = { ...platform, config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: tars.map(digestText) } };
  const config = registry.putBlob(Buffer.from(JSON.stringify(document)));
  const layerType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
    layers: blobs.map((blob) => ({ mediaType: layerType, ...blob })),
  };
  return { digest: registry.putManifest(repository, tag, manifest), manifest, layers: blobs };
}
