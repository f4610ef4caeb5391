import { parseReference } from '../images/reference.js';
import type { HistoryEntry, Image, ImageConfig, ImageStore, NewImage } from '../images/types.js';
import { cacheLabel } from './solve/cache-images.js';
import { epochOf } from './solve/epoch.js';
import { withTimes } from './solve/history.js';
import { CACHE_LABEL, type StageState } from './solve/state.js';
import type { BuildEvent, BuildOptions } from './types.js';

/** As BuildKit's exporter: nothing in it is newer than the image is said to be. */
function clampHistory(
  given: { readonly history: HistoryEntry[]; readonly created: string | undefined },
  epoch: number | undefined,
): { history: HistoryEntry[]; created: string | undefined } {
  if (epoch === undefined) return given;
  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
  const clamped = given.history.map((entry) =>
    entry.created === undefined || Date.parse(entry.created) > epoch * 1000 ? { ...entry, created } : entry,
  );
  return { history: clamped, created };
}

function inlineCache(
  state: StageState,
  { inlineCache: wanted, buildArgs }: Pick<BuildOptions, 'inlineCache' | 'buildArgs'>,
): Record<string, string> {
  const label = wanted || buildArgs.BUILDKIT_INLINE_CACHE === '1' ? cacheLabel(state) : undefined;
  return label === undefined ? {} : { [CACHE_LABEL]: label };
}

/** In the order of the image specification, Docker's own behind them. */
const FIELDS: readonly (keyof ImageConfig)[] = [
  'User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels', 'StopSignal', 'ArgsEscaped',
  'Healthcheck', 'OnBuild', 'Shell',
]; // biome-ignore format: one list

/** What says something, and nothing that a base image's other tools wrote beside it: as BuildKit writes it. */
function written(config: ImageConfig): ImageConfig {
  const fields = FIELDS.map((field) => [field, config[field]] as const);
  return Object.fromEntries(fields.filter(([, value]) => value && (value === true || Object.keys(value).length > 0)));
}

/** Records the finished stage as an image and gives it its names. */
export async function putImage(
  images: ImageStore,
  state: StageState,
  options: Pick<BuildOptions, 'labels' | 'tags' | 'buildArgs' | 'sourceDateEpoch' | 'inlineCache'>,
  emit: (event: BuildEvent) => void,
  { attestations = [], annotations }: Pick<NewImage, 'attestations' | 'annotations'>,
): Promise<Image> {
  const { history, created } = clampHistory(withTimes(state.history), epochOf(options));
  const labels = { ...state.config.Labels, ...options.labels, ...inlineCache(state, options) };
  const image = await images.put({
    platform: state.platform,
    created,
    ...(state.author === undefined ? {} : { author: state.author }),
    config: written({ ...state.config, Labels: labels }),
    history,
    ...(annotations === undefined || Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(attestations.length === 0 ? {} : { attestations }),
    diffIds: state.layers.map(({ diffId }) => diffId),
  });
  emit({ kind: 'built', imageId: image.id });
  for (const tag of options.tags) {
    await images.tag(image.id, parseReference(tag));
    emit({ kind: 'tagged', name: tag });
  }
  return image;
}
