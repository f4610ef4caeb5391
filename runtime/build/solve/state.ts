/** What a stage has become so far. Every step returns a new one. */
import { posix } from 'node:path';
import type { HistoryEntry, Image, ImageConfig, Platform } from '../../images/types.js';
import type { ChainId, Digest } from '../../snapshots/types.js';

export interface Layer {
  readonly diffId: Digest;
  readonly chainId: ChainId;
  /** Of the step that made it, and when; not for layers of a base image. */
  readonly key?: string;
  readonly created?: string;
}

export interface StageState {
  readonly platform: Platform;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
  readonly history: readonly HistoryEntry[];
  readonly author: string | undefined;
  /** ENV and ARG together, as RUN and the expansion see them. */
  readonly env: ReadonlyMap<string, string>;
  /** Declared ARGs in order, for the history of RUN. */
  readonly args: ReadonlyMap<string, string | undefined>;
  /** A CMD of this Dockerfile, not of the base: ENTRYPOINT does not take it away. */
  readonly cmdSet: boolean;
  /** Says all that led here; for telling whether a step without a layer is known already. */
  readonly key: string;
}

/** Says which step made which layer of an image. */
export const CACHE_LABEL = 'dev.devenv.build-cache.v1';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SHELL = ['/bin/sh', '-c'];

export function scratchState(platform: Platform): StageState {
  return begin(platform, { Env: [DEFAULT_PATH], WorkingDir: '/' }, 'scratch');
}

export function imageState(image: Image): StageState {
  const { OnBuild: _, ...rest } = withoutCacheLabel(image.config);
  const env = rest.Env ?? [];
  // BuildKit writes a PATH into every image that has none.
  const config = env.some((line) => line.startsWith('PATH=')) ? rest : { ...rest, Env: [...env, DEFAULT_PATH] };
  const layers = image.diffIds.map((diffId, index) => ({ diffId, chainId: image.chainIds[index]! }));
  const state = begin(image.platform, config, image.id);
  return { ...state, layers, history: image.history, author: image.author };
}

/** The cache that a base image carries is its own. */
function withoutCacheLabel(config: ImageConfig): ImageConfig {
  const { [CACHE_LABEL]: cache, ...labels } = config.Labels ?? {};
  if (cache === undefined) return config;
  const { Labels: _, ...rest } = config;
  return Object.keys(labels).length === 0 ? rest : { ...rest, Labels: labels };
}

/** A stage that starts where another ended: its ARGs are known here too, its triggers have been fired. */
export function continuedState(base: StageState): StageState {
  const { OnBuild: _, ...config } = base.config;
  return { ...base, config, cmdSet: false };
}

function begin(platform: Platform, config: ImageConfig, key: string): StageState {
  return {
    platform,
    layers: [],
    config,
    history: [],
    author: undefined,
    env: envOf(config),
    args: new Map(),
    cmdSet: false,
    key,
  };
}

function envOf(config: ImageConfig): Map<string, string> {
  return new Map(
    (config.Env ?? []).map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

export function chainOf(state: StageState): ChainId | undefined {
  return state.layers.at(-1)?.chainId;
}

export function shellOf(state: StageState): readonly string[] {
  return state.config.Shell?.length ? state.config.Shell : DEFAULT_SHELL;
}

export function workingDirectory(state: StageState): string {
  return posix.normalize(state.config.WorkingDir || '/').replace(/(?<=.)\/$/, '');
}

/** With `key=value` in the place that the variable had. */
export function withEnv(lines: readonly string[], key: string, value: string): string[] {
  const at = lines.findIndex((line) => line === key || line.startsWith(`${key}=`));
  return at < 0 ? [...lines, `${key}=${value}`] : lines.with(at, `${key}=${value}`);
}
