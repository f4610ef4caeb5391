import { parseReference } from '../images/reference.js';
import type { Image, ImageStore } from '../images/types.js';
import { withTimes } from './solve/history.js';
import type { StageState } from './solve/state.js';
import type { BuildEvent, BuildOptions } from './types.js';

/** Records the finished stage as an image and gives it its names. */
export async function putImage(
  images: ImageStore,
  state: StageState,
  options: Pick<BuildOptions, 'labels' | 'tags'>,
  emit: (event: BuildEvent) => void,
): Promise<Image> {
  const { history, created } = withTimes(state.history);
  const labels = { ...state.config.Labels, ...options.labels };
  const image = await images.put({
    platform: state.platform,
    created,
    ...(state.author === undefined ? {} : { author: state.author }),
    config: Object.keys(labels).length === 0 ? state.config : { ...state.config, Labels: labels },
    history,
    diffIds: state.layers.map(({ diffId }) => diffId),
  });
  emit({ kind: 'built', imageId: image.id });
  for (const tag of options.tags) {
    await images.tag(image.id, parseReference(tag));
    emit({ kind: 'tagged', name: tag });
  }
  return image;
}
