/**
 * Builds images from Dockerfiles: text → instructions (parse, instructions) → graph → solve → image.
 * Meaning after the Dockerfile reference and BuildKit's frontend, compared by running both.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { EngineError } from '../errors.js';
import { hostPlatform } from '../images/platform.js';
import type { Image } from '../images/types.js';
import type { ChainId } from '../snapshots/types.js';
import { checkIndexed, parseAnnotations } from './annotations.js';
import { attest } from './attest.js';
import { contextTree, openContext } from './files/context.js';
import { KnownDigests } from './files/digest.js';
import { resolveDockerfile } from './files/resolve.js';
import { readTreeFile } from './files/tree.js';
import { lint, lintFailure } from './lint/lint.js';
import { DockerfileError } from './parse/errors.js';
import { layGraph } from './plan.js';
import { putImage } from './result.js';
import { exportCaches, importCaches } from './solve/cache-images.js';
import { CacheMounts, type KeptMount } from './solve/cache-mounts.js';
import { checkEntitlements } from './solve/entitlements.js';
import { epochOf } from './solve/epoch.js';
import { type DockerfileText, tellFailure } from './solve/failures.js';
import { baseImage, checkTags, type ImageRequest } from './solve/images.js';
import { LayerCache } from './solve/layer-cache.js';
import { programRunner } from './solve/programs.js';
import type { Scope, Workshop } from './solve/scope.js';
import { scratchFolder, sweepRoots } from './solve/scratch.js';
import { SharedWork } from './solve/shared-work.js';
import { solve } from './solve/solver.js';
import { Views } from './solve/views.js';
import type { BuildEvent, Builder, BuilderOptions, BuildOptions, CacheEntry, PruneOptions } from './types.js';

const CACHE_LIMIT_BYTES = 20e9;
const SEEN_STEPS = 50_000;

export async function openBuilder(tools: BuilderOptions): Promise<Builder> {
  const folder = join(tools.home, 'build');
  const run = programRunner(tools.launcher);
  const views = new Views(join(folder, 'views'), tools.snapshots, run);
  await views.sweep();
  await rm(join(folder, 'tmp'), { recursive: true, force: true });
  await sweepRoots(folder, tools.snapshots);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new DockerfileBuilder({
    tools,
    run,
    views,
    folder,
    cache: new LayerCache(tools.store, tools.snapshots),
    cacheMounts: new CacheMounts(join(folder, 'cache-mounts'), run),
    shared: new SharedWork(),
    seen: new Set(),
    known: new KnownDigests(),
    platform: tools.platform ?? hostPlatform(process.arch),
  });
}

class DockerfileBuilder implements Builder {
  /** What builds that go on now stand on. */
  private readonly held = new Set<Set<ChainId>>();

  constructor(private readonly workshop: Workshop) {}

  async build(options: BuildOptions, onEvent: (event: BuildEvent) => void, signal: AbortSignal): Promise<Image> {
    checkOptions(options);
    const image = await this.buildHolding(options, onEvent, signal);
    await this.trimCache();
    return image;
  }

  private async trimCache(): Promise<void> {
    const { tools, cache, seen } = this.workshop;
    if (seen.size > SEEN_STEPS) seen.clear();
    const limit = tools.cacheLimitBytes ?? CACHE_LIMIT_BYTES;
    if (this.cacheSizeBytes() <= limit) return;
    const kept = new Set(tools.images.list().flatMap(({ chainIds }) => chainIds));
    await cache.trim(limit, (chain) => kept.has(chain));
  }

  private async buildHolding(
    options: BuildOptions,
    emit: (event: BuildEvent) => void,
    signal: AbortSignal,
  ): Promise<Image> {
    const { workshop } = this;
    const startedMs = Date.now();
    const dockerfile = await readDockerfile(options);
    const own = {
      workshop,
      id: randomUUID(),
      lease: workshop.views.lease(),
      held: new Set<ChainId>(),
      jobs: new Set<Promise<unknown>>(),
      release: workshop.tools.images.keepNew(),
    };
    this.held.add(own.held);
    try {
      const path = 'path' in options.dockerfile ? options.dockerfile.path : undefined;
      const context = await openContext(
        options.contextTree ?? options.contextDirectory,
        options.contextFiltered ? 'filtered' : { dockerfile: path },
      );
      const { graph, escapeToken } = readGraph(dockerfile, options, { workshop, context, emit });
      checkEntitlements(graph, options);
      const platform = options.platform ?? workshop.platform;
      const annotations = parseAnnotations(options.annotations ?? [], platform);
      checkIndexed(annotations, options.provenance !== undefined || options.sbom === true);
      const materials = new Map<string, Image>();
      const image = rememberImages(workshop, options, { emit, signal, materials });
      const caches = { tools: workshop.tools, cache: workshop.cache, options, emit, signal };
      await importCaches(caches, options.cacheFrom ?? []);
      const scope = { ...own, options, graph, escapeToken, context, platform, emit, image };
      const { state, stages } = await solve(scope, signal);
      const attestations = await attest({ ...own, options, platform, startedMs, materials }, state);
      const built = await putImage(workshop.tools.images, state, options, emit, { attestations, annotations });
      const others = stages.filter((one) => one !== state);
      await exportCaches(caches, options.cacheTo ?? [], [state, ...others], platform);
      return built;
    } catch (error) {
      throw tellFailure(error, dockerfile);
    } finally {
      // Nobody waits for a step that goes on for somebody else.
      const over = Promise.allSettled(own.jobs).then(() => this.cleanUp(own));
      if (!signal.aborted) await over;
    }
  }

  private async cleanUp(
    own: Pick<Scope, 'workshop' | 'id' | 'lease' | 'held'> & { readonly release: () => void },
  ): Promise<void> {
    this.held.delete(own.held);
    own.release();
    await own.lease.close();
    await rm(scratchFolder(own), { recursive: true, force: true });
  }

  async entries(): Promise<CacheEntry[]> {
    return [...this.steps(), ...(await this.workshop.cacheMounts.list()).map(mountEntry)];
  }

  private steps(): CacheEntry[] {
    const kept = new Set(this.workshop.tools.images.list().flatMap(({ chainIds }) => chainIds));
    return this.workshop.cache.records().map(({ id, value }) => ({
      id,
      type: 'regular',
      description: 'cached step of a Dockerfile',
      inUse: false,
      sizeBytes: value.sizeBytes,
      created: value.created,
      usedMs: value.usedMs ?? 0,
      shared: kept.has(value.chainId),
    }));
  }

  async prune({ where, keepBytes = 0 }: PruneOptions = {}): Promise<{ deleted: string[]; reclaimedBytes: number }> {
    const newestFirst = (await this.entries()).sort((a, b) => b.usedMs - a.usedMs);
    let bytes = 0;
    const gone = newestFirst.filter((entry) => {
      if (entry.inUse) return false;
      bytes += entry.shared ? 0 : entry.sizeBytes;
      return (keepBytes === 0 || bytes > keepBytes) && (where === undefined || where(entry));
    });
    const isAll = gone.length === newestFirst.length && where === undefined;
    const chains = new Map(this.workshop.cache.records().map(({ id, value }) => [id, value.chainId]));
    await (isAll ? this.workshop.cache.clear() : this.workshop.cache.forget(gone.map(({ id }) => id)));
    this.workshop.seen.clear();
    const mounts = gone.filter(({ type }) => type === 'exec.cachemount');
    await this.workshop.cacheMounts.remove(mounts.map(({ id }) => id));
    const mountBytes = mounts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const still = new Set(this.workshop.cache.records().map(({ value }) => value.chainId));
    const steps = gone.filter(({ type }) => type === 'regular');
    const freed = new Map(steps.map((entry) => [chains.get(entry.id)!, entry.shared ? 0 : entry.sizeBytes]));
    const sizes = [...freed].filter(([chain]) => !still.has(chain)).map(([, size]) => size);
    return { deleted: gone.map(({ id }) => id), reclaimedBytes: sizes.reduce((sum, size) => sum + size, mountBytes) };
  }

  roots(): ChainId[] {
    const cached = this.workshop.cache.records().map(({ value }) => value.chainId);
    return [...new Set([...cached, ...[...this.held].flatMap((one) => [...one])])];
  }

  cacheSizeBytes(): number {
    const sizes = new Map(this.workshop.cache.records().map(({ value }) => [value.chainId, value.sizeBytes]));
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }
}

function mountEntry({ createdMs, ...mount }: KeptMount): CacheEntry {
  return { ...mount, type: 'exec.cachemount', created: new Date(createdMs).toISOString(), shared: false };
}

function checkOptions(options: BuildOptions): void {
  if (options.squash) throw new EngineError('invalid', 'squash is only supported with experimental mode');
  checkTags(options.tags);
  epochOf(options);
}

/** The text, and the name under which mistakes in it are told. Symlinks stay inside the context. */
async function readDockerfile(options: BuildOptions): Promise<DockerfileText> {
  if ('text' in options.dockerfile) return { name: 'Dockerfile', ...options.dockerfile };
  const name = posix.normalize(`/${options.dockerfile.path}`).slice(1);
  const tree = contextTree(options.contextTree ?? options.contextDirectory);
  const { path, entry } = await resolveDockerfile(tree, name);
  if (entry?.type !== 'file') {
    throw new EngineError('system', `Cannot locate specified Dockerfile: ${options.dockerfile.path}`);
  }
  return { name, text: (await readTreeFile(tree, path)).toString() };
}

function readGraph(
  dockerfile: DockerfileText,
  options: BuildOptions,
  { workshop, context, emit }: Pick<Scope, 'workshop' | 'context' | 'emit'>,
) {
  const { source, instructions, graph } = layGraph(dockerfile.text, options, workshop.platform);
  const { images } = workshop.tools;
  const input = {
    ...{ source, instructions, graph, ignored: context.leavesOut, buildArgs: options.buildArgs },
    baseEnv: (name: string) => images.find(name)?.config.Env,
    basePlatform: (name: string) => images.find(name)?.platform,
    platform: options.platform ?? workshop.platform,
  };
  const warnings = lint(input);
  for (const warning of warnings) emit({ kind: 'warning', ...warning });
  const failure = lintFailure(input, warnings);
  if (failure !== undefined) throw new DockerfileError(failure, undefined);
  return { graph, escapeToken: source.directives.escapeToken };
}

/** One build asks for each image once. */
function rememberImages(
  workshop: Workshop,
  options: BuildOptions,
  { emit, signal, materials }: Pick<Scope, 'emit' | 'signal'> & { readonly materials: Map<string, Image> },
): (request: ImageRequest) => Promise<Image> {
  const asked = new Map<string, Promise<Image>>();
  return async (request) => {
    const key = JSON.stringify(request);
    const found = asked.get(key) ?? baseImage(workshop.tools, options, request, { emit, signal });
    asked.set(key, found);
    const image = await found;
    materials.set(request.name, image);
    return image;
  };
}
