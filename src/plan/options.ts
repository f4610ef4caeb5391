/** What the command line asks of `up`, `create` and `scale`; everything has its default filled in. */
export interface UpOptions {
  /** Empty: all that are enabled. */
  readonly services: readonly string[];
  /** Bring what the services depend on, too. */
  readonly dependencies: boolean;
  readonly recreate: 'diverged' | 'force' | 'never';
  /** The same for services that come only as dependencies. */
  readonly recreateDependencies: 'diverged' | 'force' | 'never';
  /** False: only create. */
  readonly start: boolean;
  readonly build: 'missing' | 'always' | 'never';
  /** Service → images of other services that its build stands on. */
  readonly builtOn?: Readonly<Record<string, readonly string[]>>;
  /** Undefined: as each service's `pull_policy` says. */
  readonly pull: 'always' | 'missing' | 'never' | undefined;
  readonly removeOrphans: boolean;
  /** Say nothing of them. */
  readonly ignoreOrphans: boolean;
  /** Service → containers, from `--scale`. */
  readonly scale: Readonly<Record<string, number>>;
  /** Wait until everything runs, and is healthy where it has a healthcheck. */
  readonly wait: boolean;
  /** Undefined: as the container says. */
  readonly graceMs: number | undefined;
  readonly renewVolumes: boolean;
  /** Names of volumes whose config changed and that may be made anew, with the loss of their data. */
  readonly replaceVolumes: readonly string[];
  /** Leave containers alone that are more than wanted (`run` gets its networks and images so). */
  readonly keepSurplus?: boolean;
  /** The engine can give one container's ports and names to another while both run. */
  readonly handsOver?: boolean;
  /** The new container first where the config does not say and nothing speaks against it: `watch` does so. */
  readonly startFirst?: boolean;
}

export const defaultUpOptions: UpOptions = {
  services: [],
  dependencies: true,
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  start: true,
  build: 'missing',
  pull: undefined,
  removeOrphans: false,
  ignoreOrphans: false,
  scale: {},
  wait: false,
  graceMs: undefined,
  renewVolumes: false,
  replaceVolumes: [],
};
