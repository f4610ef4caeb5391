/** What an engine said is there, of one project. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly replica: number;
  readonly oneOff: boolean;
  /** `com.docker.compose.config-hash`. */
  readonly configHash: string | undefined;
  /** The hash's parts, from our own label, so that a recreation can say what changed; undefined for one that another tool made. */
  readonly configParts: Readonly<Record<string, string>> | undefined;
  readonly image: string;
  readonly imageId: string;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  readonly exitCode: number | undefined;
  readonly createdAt: number;
  readonly ports: readonly {
    readonly ip: string | undefined;
    readonly target: number;
    readonly published: number | undefined;
    readonly protocol: string;
  }[];
  readonly networks: readonly string[];
  /** Named and anonymous volumes, by target. */
  readonly mounts: readonly {
    readonly type: string;
    readonly name: string | undefined;
    readonly source: string;
    readonly target: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ObservedNetwork {
  readonly id: string;
  readonly name: string;
  /** The key in the config, from its label; undefined when it is not this project's. */
  readonly key: string | undefined;
  readonly configHash: string | undefined;
  readonly driver: string;
}

export interface ObservedVolume {
  readonly name: string;
  readonly key: string | undefined;
  readonly configHash: string | undefined;
  readonly driver: string;
}

export interface Observed {
  readonly containers: readonly ObservedContainer[];
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  /** Image name → id, for every image that the project names and the engine has. */
  readonly images: Readonly<Record<string, string>>;
}
