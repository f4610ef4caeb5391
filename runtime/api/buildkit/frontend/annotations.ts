import type { Exporter } from '../proto/messages.js';

/** Notes on manifests come with where the result goes (`annotation-index.KEY`), and are the image's here: as `--annotation` has them. */
export function annotationWords(exporters: readonly Exporter[]): string[] {
  const pairs = exporters.flatMap(({ Attrs }) => Object.entries(Attrs));
  const words = pairs.flatMap(([name, value]) => {
    const [, where = 'manifest', key] = /^annotation(?:-([a-z-]+(?:\[[^\]]+\])?))?\.(.+)$/.exec(name) ?? [];
    return key === undefined ? [] : [`${where}:${key}=${value}`];
  });
  return [...new Set(words)];
}
