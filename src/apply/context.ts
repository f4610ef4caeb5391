import type { EngineClient } from '../engine/client.js';
import type { Location } from '../errors.js';
import type { BuildFlags } from '../model/build-flags.js';
import type { Event } from '../model/event.js';
import type { HostPorts } from '../model/host-ports.js';
import type { ObservedContainer } from '../model/observed.js';
import type { Op, Step } from '../model/plan.js';
import type { Project } from '../model/project.js';
import type { Readiness } from './readiness.js';

/** What the handlers of one apply share. */
export interface ApplyContext {
  readonly engine: EngineClient;
  readonly project: Project;
  readonly locate: (path: string) => Location | undefined;
  readonly emit: (event: Event) => void;
  /** Ends when a step failed or the person gave up. */
  readonly signal: AbortSignal;
  /** Container name → id. */
  readonly ids: Map<string, string>;
  /** Image name → id. */
  readonly images: Map<string, string>;
  readonly containers: readonly ObservedContainer[];
  readonly readiness: Readiness;
  readonly build: BuildSettings;
  /** Of ports that the config leaves open, by `portKey`. */
  readonly hostPorts: HostPorts;
  /** Of devenv, for labels. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What providers said in this apply, by the secret's key. */
  readonly secrets: Map<string, Promise<Buffer>>;
  /** `SERVICE.REPLICA` → the image that its container is made from in place of the service's: of a snapshot. */
  readonly layers?: ReadonlyMap<string, string>;
  /** Of this project, where an engine on this machine can mount files from; undefined: it cannot. */
  readonly privateFolder: string | undefined;
}

export interface BuildSettings {
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly args: Readonly<Record<string, string>>;
  readonly quiet: boolean;
  /** Of each step's container. */
  readonly memoryBytes?: number | undefined;
  readonly flags?: BuildFlags;
  /** Of docker buildx; undefined: the engine's own. */
  readonly builder?: string | undefined;
}

export type OpOf<K extends Op['do']> = Extract<Op, { do: K }>;

/** Does one op and resolves when it is done. Throws UserError where the person can do something about it. */
export type Handler<K extends Op['do']> = (op: OpOf<K>, context: ApplyContext, step: Step) => Promise<void>;

/** An op without a handler does not compile. */
export type Handlers = { readonly [K in Op['do']]: Handler<K> };
