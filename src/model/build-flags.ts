/** What `devenv build` says beyond the config; it wins over it. Paths are absolute. */
export interface BuildFlags {
  /** Services whose stage `target` is; those that are only built for others keep their own. All when empty. */
  readonly targetOf?: readonly string[];
  readonly target?: string;
  readonly platform?: string;
  readonly network?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCacheFilter: readonly string[];
  readonly contexts: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretSource[];
  /** Id → socket. */
  readonly ssh: Readonly<Record<string, string>>;
  readonly addHosts: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly shmBytes?: number;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly provenance?: 'min' | 'max';
  readonly sbom?: boolean;
  /** As buildx takes them: `KEY=VALUE`, `index:KEY=VALUE`. */
  readonly annotations?: readonly string[];
  /** Same input, same digest. */
  readonly reproducible: boolean;
  /** What steps may have beyond a container's: `network.host`, `security.insecure`. */
  readonly allow: readonly string[];
}

export type SecretSource = { readonly id: string } & (
  | { readonly file: string }
  | { readonly variable: string }
  | { readonly content: string }
);

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export const noBuildFlags: BuildFlags = {
  labels: {},
  noCacheFilter: [],
  contexts: {},
  secrets: [],
  ssh: {},
  addHosts: [],
  ulimits: [],
  cacheFrom: [],
  cacheTo: [],
  reproducible: false,
  allow: [],
};

/** Where the result goes beside the engine's own store. */
export interface BuildOutput {
  readonly type: 'local' | 'tar' | 'oci' | 'docker' | 'image' | 'registry';
  /** Absolute path; `-` for standard output. Undefined for `image`. */
  readonly dest: string | undefined;
  readonly name: string | undefined;
  readonly push: boolean;
  /** False: the archive's files in a folder instead of one file. */
  readonly tar: boolean;
}
