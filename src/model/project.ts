/**
 * What the config asks for, after interpolation, merging and normalising: every short form long, every default that the
 * Compose Specification gives filled in. Keys are the specification's own words (`snake_case`), so that
 * `devenv config --format json` is this tree printed.
 */
import type { Location } from '../errors.js';

export interface Project {
  readonly name: string;
  /** Between the words of containers' and built images' names: `-` unless `--compatibility` wants those of Compose 1. */
  readonly nameSeparator?: '_';
  /** Absolute: what relative paths start from. */
  readonly workingDir: string;
  readonly configFiles: readonly string[];
  readonly envFiles: readonly string[];
  readonly environmentName: string | undefined;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, ProjectNetwork>>;
  readonly volumes: Readonly<Record<string, ProjectVolume>>;
  readonly secrets: Readonly<Record<string, ProjectFile>>;
  readonly configs: Readonly<Record<string, ProjectFile>>;
  /** Of secrets with `x-secret-provider`, by their keys. */
  readonly secretProviders?: Readonly<Record<string, SecretProvider>>;
  /** Of secrets and configs that come from a variable and from an included file, which has variables of its own: `secrets.NAME` → value. */
  readonly includedValues?: Readonly<Record<string, string>>;
  readonly models?: Readonly<Record<string, ProjectModel>>;
  /** Services that exist, but whose profile is not on. */
  readonly disabledServices: readonly string[];
  /** Top-level `x-…`. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface Service {
  readonly name: string;
  readonly image?: string;
  readonly build?: Build;
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly Port[];
  readonly links?: readonly string[];
  readonly external_links?: readonly string[];
  readonly volumes?: readonly VolumeMount[];
  readonly volumes_from?: readonly string[];
  readonly depends_on?: Readonly<Record<string, Dependency>>;
  readonly healthcheck?: Healthcheck;
  readonly restart?: string;
  readonly user?: string;
  readonly working_dir?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly stop_signal?: string;
  /** Go duration (`1m30s`). */
  readonly stop_grace_period?: string;
  readonly networks?: Readonly<Record<string, ServiceNetwork | null>>;
  readonly network_mode?: string;
  readonly container_name?: string;
  readonly profiles?: readonly string[];
  readonly scale?: number;
  readonly tty?: boolean;
  readonly stdin_open?: boolean;
  readonly init?: boolean;
  readonly pull_policy?: string;
  readonly expose?: readonly string[];
  readonly hostname?: string;
  readonly privileged?: boolean;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  /** Everything else of the specification, normalised. */
  readonly [key: string]: unknown;
}

export interface Build {
  readonly context: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  readonly args?: Readonly<Record<string, string | null>>;
  readonly target?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly network?: string;
  readonly tags?: readonly string[];
  readonly no_cache?: boolean;
  readonly pull?: boolean;
  readonly [key: string]: unknown;
}

export interface Port {
  readonly mode: string;
  readonly target: number;
  readonly published?: string;
  readonly host_ip?: string;
  readonly protocol: string;
  readonly name?: string;
  readonly app_protocol?: string;
}

export interface VolumeMount {
  readonly type: 'volume' | 'bind' | 'tmpfs' | 'npipe' | 'cluster' | 'image';
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: {
    readonly propagation?: string;
    readonly create_host_path?: boolean;
    readonly recursive?: string;
    readonly selinux?: string;
  };
  readonly volume?: {
    readonly nocopy?: boolean;
    readonly subpath?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly tmpfs?: { readonly size?: string; readonly mode?: number };
}

export interface Dependency {
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  readonly required: boolean;
  readonly restart?: boolean;
}

export interface Healthcheck {
  readonly test?: readonly string[];
  readonly interval?: string;
  readonly timeout?: string;
  readonly retries?: number;
  readonly start_period?: string;
  readonly start_interval?: string;
  readonly disable?: boolean;
}

export interface ServiceNetwork {
  readonly aliases?: readonly string[];
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly mac_address?: string;
  readonly link_local_ips?: readonly string[];
  readonly priority?: number;
  readonly gw_priority?: number;
  readonly interface_name?: string;
  readonly driver_opts?: Readonly<Record<string, string>>;
}

export interface ProjectNetwork {
  /** The engine's name: `project_key`. */
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: Readonly<Record<string, string>>;
  readonly ipam?: {
    readonly driver?: string;
    readonly config?: readonly Readonly<Record<string, unknown>>[];
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly external?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ProjectVolume {
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: Readonly<Record<string, string>>;
  readonly external?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ProjectFile {
  readonly name: string;
  readonly file?: string;
  readonly environment?: string;
  readonly content?: string;
  readonly external?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `dotenv` is an absolute path; `command` is run in the project's folder and prints the secret. */
export type SecretProvider =
  | { readonly command: readonly string[] }
  | { readonly dotenv: string; readonly key: string };

/** A language model that services use. */
export interface ProjectModel {
  readonly name?: string;
  readonly model: string;
  readonly context_size?: number;
  readonly runtime_flags?: readonly string[];
}

/** What the loader gives: the project, what it warns of, and where each value stands in the files. */
export interface LoadedProject {
  readonly project: Project;
  readonly warnings: readonly { readonly text: string; readonly location?: Location }[];
  /** Place of a value by its path (`services.db.ports.0`); undefined for what no file says. */
  readonly locate: (path: string) => Location | undefined;
  /** The variables that the config was filled with: the shell's and those of the env files. */
  readonly variables: Readonly<Record<string, string>>;
  /** Everything that it was read from: config files with what they include and extend, env files, label files. */
  readonly files: readonly string[];
}
