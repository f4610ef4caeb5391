import type { Image } from '../../../engine/images.js';

/** An image's configuration file (OCI image specification). */
export function imageConfiguration(image: Image) {
  const { platform, created, author, config, diffIds, history } = image;
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history,
  };
}
