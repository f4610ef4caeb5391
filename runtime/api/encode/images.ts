/** Images as the API shows them. */
import { posix } from 'node:path';
import { createdNs, type ListedImage } from '../../engine/image-list.js';
import type { HistoryEntry, Image, ImageConfig } from '../../engine/images.js';
import type { StorageDriver } from '../../engine/system.js';
import type { ImageHistoryItem, ImageInspect, ImageManifestSummary, ImageSummary } from '../wire.js';

export const unixSeconds = (image: Image): number => Number(createdNs(image) / 1_000_000_000n);

export function encodeSummary(listed: ListedImage, sharedSize: boolean): ImageSummary {
  const { image, tags, repoDigests, containers, sizeBytes, sharedBytes } = listed;
  return {
    Containers: containers,
    Created: unixSeconds(image),
    Id: image.id,
    Labels: image.config.Labels ?? null,
    ParentId: image.parent ?? '',
    RepoDigests: repoDigests,
    RepoTags: tags,
    SharedSize: sharedSize ? sharedBytes : -1,
    Size: sizeBytes,
  };
}

function encodeConfig(config: ImageConfig): ImageInspect['Config'] {
  return {
    ...(config.ArgsEscaped ? { ArgsEscaped: true } : {}),
    Cmd: config.Cmd ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Env: config.Env ?? null,
    ...(config.ExposedPorts ? { ExposedPorts: config.ExposedPorts } : {}),
    ...(config.Healthcheck ? { Healthcheck: config.Healthcheck } : {}),
    Labels: config.Labels ?? null,
    OnBuild: config.OnBuild ?? null,
    ...(config.Shell ? { Shell: config.Shell } : {}),
    ...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
    User: config.User ?? '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
  };
}

/** What the API calls manifests: of each platform under an image's names what is here (from API 1.47 on). */
export function encodeManifests(
  variants: readonly Image[],
  describe: (image: Image) => { readonly mediaType: string; readonly sizeBytes: number },
  users: (image: Image) => readonly string[],
): ImageManifestSummary[] {
  return variants.map((image) => {
    const { mediaType, sizeBytes } = describe(image);
    const { os, architecture, variant } = image.platform;
    return {
      ID: image.manifestDigest,
      Descriptor: {
        mediaType,
        digest: image.manifestDigest,
        size: sizeBytes,
        platform: { architecture, os, ...(variant ? { variant } : {}) },
      },
      Available: true,
      Kind: 'image',
      Size: { Content: sizeBytes, Total: sizeBytes + image.sizeBytes },
      ImageData: {
        Platform: { architecture, os, ...(variant ? { variant } : {}) },
        Containers: users(image),
        Size: { Unpacked: image.sizeBytes },
      },
    };
  });
}

/** `directories`: of its layers, topmost first. */
export function encodeInspect(
  image: Image,
  directories: readonly string[],
  driver: StorageDriver['name'],
): ImageInspect {
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.repoDigests,
    Parent: image.parent ?? '',
    Comment: image.comment || image.history.at(-1)?.comment || '',
    ...(image.created ? { Created: image.created } : {}),
    DockerVersion: image.dockerVersion ?? '',
    Author: image.author ?? '',
    Architecture: image.platform.architecture,
    ...(image.platform.variant ? { Variant: image.platform.variant } : {}),
    Os: image.platform.os,
    Size: image.sizeBytes,
    GraphDriver: { Data: driver === 'vfs' ? null : overlayFolders(directories), Name: driver },
    RootFS: { Type: 'layers', Layers: image.diffIds },
    Metadata: { LastTagTime: image.lastTagged ?? '0001-01-01T00:00:00Z' },
    Config: encodeConfig(image.config),
  };
}

function overlayFolders([upper = '', ...lower]: readonly string[]): Record<string, string> {
  return {
    ...(lower.length > 0 ? { LowerDir: lower.join(':') } : {}),
    MergedDir: posix.join(upper, '../merged'),
    UpperDir: upper,
    WorkDir: posix.join(upper, '../work'),
  };
}

/** Newest first; entries without a layer have no size. `layerBytes`: of the layers, lowest first. */
export function encodeHistory(image: Image, layerBytes: readonly number[]): ImageHistoryItem[] {
  let layer = 0;
  const items = image.history.map((entry) => encodeEntry(entry, entry.empty_layer ? 0 : (layerBytes[layer++] ?? 0)));
  items.reverse();
  const [top] = items;
  if (top) items[0] = { ...top, Id: image.id, Tags: image.tags.length > 0 ? image.tags : null };
  return items;
}

function encodeEntry(entry: HistoryEntry, sizeBytes: number): ImageHistoryItem {
  return {
    Comment: entry.comment ?? '',
    Created: entry.created ? Math.floor(Date.parse(entry.created) / 1000) : 0,
    CreatedBy: entry.created_by ?? '',
    Id: '<missing>',
    Size: sizeBytes,
    Tags: null,
  };
}
