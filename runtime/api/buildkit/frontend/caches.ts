/** Caches that a client names beside the engine's own. */
import type { BuildOptions } from '../../../engine/build-context.js';
import type { Exporter } from '../proto/messages.js';
import { listOf } from './attributes.js';
import { line, type Run } from './load.js';

type Caches = Pick<BuildOptions, 'cacheFrom' | 'cacheTo' | 'inlineCache'>;
type Place = NonNullable<BuildOptions['cacheFrom']>[number];

/** What cannot be used has a line that says so; the build goes on without it, as BuildKit's does. */
export function readCaches(run: Run): Caches {
  const { Imports = [], Exports = [] } = run.job.request?.Cache ?? {};
  const named = listOf(run.attributes['cache-from']).map((ref) => ({ Type: 'registry', Attrs: { ref } }));
  const isInline = Exports.some(({ Type }) => Type === 'inline');
  return {
    cacheFrom: placesOf(run, uniqueBy([...Imports, ...named]), 'importing cache manifest from'),
    cacheTo: placesOf(
      run,
      Exports.filter(({ Type }) => Type !== 'inline'),
      'exporting cache to',
    ),
    ...(isInline ? { inlineCache: true } : {}),
  };
}

function uniqueBy(entries: readonly Exporter[]): Exporter[] {
  return [...new Map(entries.map((entry) => [entry.Attrs.ref ?? JSON.stringify(entry), entry] as const)).values()];
}

function placesOf(run: Run, entries: readonly Exporter[], doing: string): Place[] {
  return entries.flatMap((entry) => {
    const { ref, mode } = entry.Attrs;
    if (entry.Type === 'registry' && ref) return [{ type: 'registry', ref, ...(mode === 'max' ? { mode } : {}) }];
    const error = `a cache of type ${entry.Type} is not supported by this engine: registry and inline are`;
    line(run, `${doing} ${ref ?? entry.Type}`).done({ error });
    return [];
  });
}
