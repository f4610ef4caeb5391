/**
 * Nothing in a Plan has happened yet. Ops name new containers, networks and volumes by the name they will have;
 * `network` and `volume` are keys of the config.
 */
export type Op =
  | { readonly do: 'image.pull'; readonly service: string; readonly image: string }
  | { readonly do: 'image.build'; readonly service: string; readonly image: string }
  | { readonly do: 'network.create'; readonly network: string; readonly name: string; readonly configHash: string }
  | { readonly do: 'network.remove'; readonly name: string }
  | { readonly do: 'volume.create'; readonly volume: string; readonly name: string; readonly configHash: string }
  | { readonly do: 'volume.remove'; readonly name: string }
  | { readonly do: 'image.remove'; readonly image: string }
  | ContainerCreate
  | { readonly do: 'container.start'; readonly name: string }
  /** Starts it behind the container `from`, waits until it is ready, and gives it the other's ports and names. */
  | {
      readonly do: 'container.takeover';
      readonly name: string;
      readonly finalName: string;
      readonly service: string;
      readonly from: string;
    }
  | { readonly do: 'container.stop'; readonly name: string; readonly graceMs: number | undefined }
  | { readonly do: 'container.kill'; readonly name: string; readonly signal: string }
  | { readonly do: 'container.pause'; readonly name: string }
  | { readonly do: 'container.unpause'; readonly name: string }
  | { readonly do: 'container.restart'; readonly name: string; readonly graceMs: number | undefined }
  | { readonly do: 'container.remove'; readonly name: string; readonly volumes: boolean }
  | { readonly do: 'container.rename'; readonly name: string; readonly to: string }
  /** Time between two groups of a service's new containers; `name` is the first of the next group. */
  | { readonly do: 'update.delay'; readonly name: string; readonly ms: number }
  | ContainerSync
  | { readonly do: 'container.exec'; readonly name: string; readonly service: string; readonly exec: ExecWish }
  | {
      readonly do: 'container.wait';
      readonly name: string;
      readonly service: string;
      /** `running`: and healthy where it has a healthcheck; one that ended with 0 counts. `healthy`: it must have one. */
      readonly until: 'running' | 'healthy' | 'completed';
      /** And stays so this long. */
      readonly steadyMs?: number;
      /** False: a failure only warns. */
      readonly required: boolean;
    };

export interface ContainerCreate {
  readonly do: 'container.create';
  readonly service: string;
  readonly replica: number;
  /** What it is created as: a temporary name while the container that it replaces still has its own. */
  readonly name: string;
  readonly finalName: string;
  /** For `com.docker.compose.config-hash`. */
  readonly configHash: string;
  /** Top-level key of the service → short hash: for our own label, by which the next plan says what changed. */
  readonly configParts: Readonly<Record<string, string>>;
  /** The container that this one takes the place of: its anonymous volumes go over unless renewed. */
  readonly replaces?: { readonly id: string; readonly name: string; readonly keepVolumes: boolean };
}

/** Files of the host into a container, with the owner that its process runs as. */
export interface ContainerSync {
  readonly do: 'container.sync';
  readonly name: string;
  /** Absolute paths: of the host, and in the container. What is gone by then is left out: its removal is told next. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  /** Absolute, in the container; what is not there is no mistake. */
  readonly removals: readonly string[];
}

/** A command in a running container, as a service hook is written. */
export interface ExecWish {
  readonly command: readonly string[];
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string | null>>;
}

export interface Step {
  /** From 1, in an order that satisfies `after`. */
  readonly id: number;
  readonly op: Op;
  /** Why, in words a person reads: `image web:1 -> web:2`. */
  readonly because: string;
  readonly after: readonly number[];
}

/** Something that only the person can decide, asked before anything is applied. After a yes the plan is made again. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly defaultAnswer: boolean;
}

/** What a failure of a service's update leads to: `deploy.update_config`, failure_action and max_failure_ratio. */
export interface ServiceUpdate {
  readonly service: string;
  /** Its steps. */
  readonly steps: readonly number[];
  /** So many new containers may fail; Infinity: the rest is updated whatever happens. */
  readonly mayFail: number;
  /** What is brought back; empty unless failure_action is rollback. */
  readonly replaced: readonly ReplacedContainer[];
}

/** A container that waits aside, stopped, until its service's update is known to be well. */
export interface ReplacedContainer {
  readonly id: string;
  readonly name: string;
  /** The new one's, until it has `name`. */
  readonly temporary: string;
  readonly ran: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly updates?: readonly ServiceUpdate[];
  readonly questions: readonly Question[];
  readonly warnings: readonly string[];
}
