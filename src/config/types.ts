import type { LoadedProject } from '../model/project.js';

/** All that the loader may know of the world: it reads no clock, no `process.env`, no flags. */
export interface LoadRequest {
  /** Absolute. */
  readonly cwd: string;
  /** `-f`, in order; empty: discovery upwards from cwd. `-` is standard input. */
  readonly files: readonly string[];
  readonly projectDirectory?: string;
  readonly projectName?: string;
  /** `--env-file`, in order; empty: `.env` where Compose looks. */
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  /** The shell's variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--env`: the named environment overlay; undefined: `DEVENV_ENV`, else `dev` when there is one. */
  readonly environment?: string;
  /** Services asked for on the command line (their profiles come on); empty: all. */
  readonly services?: readonly string[];
  /** What `config` may leave out. */
  readonly options?: LoadOptions;
}

/** The flags of `docker compose config` by the same names; each leaves a stage out, or leaves all as it is, as it does there. */
export interface LoadOptions {
  readonly noInterpolate?: boolean;
  readonly noNormalize?: boolean;
  readonly noPathResolution?: boolean;
  readonly noEnvResolution?: boolean;
  readonly noConsistency?: boolean;
  /** `env_file` and `label_file` are not read: for commands that work on what is there already. */
  readonly noServiceFiles?: boolean;
  /** `env_file` is not read and stays with its service; `label_file` is read. */
  readonly envFilesStay?: boolean;
  /** Networks, volumes, secrets and configs that no enabled service uses stay. */
  readonly allResources?: boolean;
}

/** Throws UserErrors with everything that is wrong, or UserError. `src/config/load.ts` exports it as `loadProject`. */
export type LoadProject = (request: LoadRequest) => Promise<LoadedProject>;
