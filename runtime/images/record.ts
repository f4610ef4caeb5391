import type { ImageRecord } from './catalog.js';
import { chainIdsOf } from './digest.js';
import type { ConfigDocument } from './manifest.js';

/** What the catalog keeps of an image, from its configuration document. */
export function imageRecord(
  config: ConfigDocument,
  ids: Pick<ImageRecord, 'id' | 'manifestDigest' | 'manifestMediaType'>,
): ImageRecord {
  const { author, comment, variant, docker_version: dockerVersion } = config;
  return {
    ...ids,
    platform: { os: config.os, architecture: config.architecture, ...(variant ? { variant } : {}) },
    created: config.created,
    ...(author ? { author } : {}),
    ...(comment ? { comment } : {}),
    ...(dockerVersion ? { dockerVersion } : {}),
    config: config.config ?? {},
    history: config.history ?? [],
    diffIds: config.rootfs.diff_ids,
    chainIds: chainIdsOf(config.rootfs.diff_ids),
  };
}
