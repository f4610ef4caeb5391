/** What one build carries around, and what all builds of an engine share. */
import type { Image, Platform } from '../../images/types.js';
import type { ChainId } from '../../snapshots/types.js';
import type { BuildContext } from '../files/context.js';
import type { KnownDigests } from '../files/digest.js';
import type { Tree } from '../files/tree.js';
import type { Graph, Source, Stage } from '../graph/graph.js';
import type { BuildEvent, BuilderOptions, BuildOptions } from '../types.js';
import type { CacheMounts } from './cache-mounts.js';
import type { ImageRequest } from './images.js';
import type { LayerCache, LayerRecord } from './layer-cache.js';
import type { RunProgram } from './programs.js';
import type { SharedWork } from './shared-work.js';
import type { StageState } from './state.js';
import type { ViewLease, Views } from './views.js';

export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** What a step tells while it is done: what its program says, and the id of the container that it does so in. */
export type StepMessage = Output | { readonly container: string };

/** Lives as long as the builder. */
export interface Workshop {
  readonly tools: BuilderOptions;
  readonly run: RunProgram;
  readonly cache: LayerCache;
  readonly views: Views;
  readonly cacheMounts: CacheMounts;
  readonly shared: SharedWork<LayerRecord, StepMessage>;
  /** Keys of steps without a layer that were seen before. */
  readonly seen: Set<string>;
  /** Digests of files that were read before. */
  readonly known: KnownDigests;
  readonly platform: Platform;
  /** `HOME/build`. */
  readonly folder: string;
}

/** Lives as long as one build. */
export interface Scope {
  readonly workshop: Workshop;
  readonly id: string;
  readonly options: BuildOptions;
  readonly graph: Graph;
  readonly escapeToken: string;
  readonly context: BuildContext;
  readonly platform: Platform;
  readonly lease: ViewLease;
  readonly signal: AbortSignal;
  readonly emit: (event: BuildEvent) => void;
  /** Steps begun for this build; one that others wait for may outlive it, and needs its files and views until then. */
  readonly jobs: Set<Promise<unknown>>;
  /** Chains that this build needs until it ends. */
  readonly held: Set<ChainId>;
  /** The finished stage. Works it out when nobody has asked yet. */
  readonly stage: (index: number) => Promise<StageState>;
  readonly image: (request: ImageRequest) => Promise<Image>;
}

/** One step of one stage. */
export interface StepScope extends Scope {
  readonly current: Stage;
  readonly step: number;
  readonly globals: (name: string) => string | undefined;
  readonly buildArgs: BuildOptions['buildArgs'];
}

/** Whether the steps of this stage are done anew. */
export function ignoresCache({ options, current }: Pick<StepScope, 'options' | 'current'>): boolean {
  const named = current.name !== undefined && options.noCacheFilter?.includes(current.name);
  return options.noCache || named === true || options.noCacheFilter?.includes(String(current.index)) === true;
}

/** Files that a `--from` gives. */
export interface SourceFiles {
  /** Set when the files are layers: they never change, so what is worked out of them can be kept. */
  readonly chain: ChainId | undefined;
  /** A folder of this machine that stands for the whole. */
  readonly hidden: boolean;
  tree(): Promise<Tree>;
}

export type { Source };
