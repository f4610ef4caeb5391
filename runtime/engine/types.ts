import type { Builder } from '../build/types.js';
import type { HealthConfig, ImageConfig, ImageStore, Platform } from '../images/types.js';
import type { PublishedPortSpec } from '../launch/spec.js';
import type { Launcher } from '../launch/types.js';
import type { UserRange } from '../launch/user-range.js';
import type { Endpoint, EndpointRequest, Networks } from '../network/types.js';
import type { ChainId, Snapshots } from '../snapshots/types.js';
import type { Store } from '../state/types.js';
import type { Download } from './download.js';
import type { HostConfig, Mount } from './host-config.js';

/** What the engine stands on; made once in `runtime/main.ts` and handed to every part. No part imports another's instance. */
export interface Foundations {
  readonly paths: EnginePaths;
  readonly store: Store;
  readonly launcher: Launcher;
  readonly snapshots: Snapshots;
  readonly images: ImageStore;
  readonly networks: Networks;
  /** Loaded and opened when it is first asked for: most engines never build. */
  readonly builder: () => Promise<Builder>;
  readonly installPackages: InstallPackages;
  /** Contexts of builds, roots to import, the search of images. */
  readonly download: Download;
}

/**
 * Installs Debian packages where this user may; else throws `system` with the command that a person can type. `why`
 * begins that sentence.
 */
export type InstallPackages = (packages: readonly string[], why: string) => Promise<void>;

export interface EnginePaths {
  /** `$DEVENV_HOME`: what survives a reboot. */
  readonly home: string;
  /** `$DEVENV_RUNTIME_DIR`: sockets and pids. */
  readonly runtime: string;
  /** `runtime/engine.sock` */
  readonly socket: string;
}

/** Docker's Config of a container: the image's, merged with what the request said. */
export interface ContainerConfig extends ImageConfig {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  /** As the client named it. */
  readonly Image: string;
  readonly NetworkDisabled?: boolean;
  /** Deprecated: of the NetworkMode's network. */
  readonly MacAddress?: string;
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthConfig;
}

export type RunState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** Docker's State of a container. Times are RFC 3339 with nanoseconds; `0001-01-01T00:00:00Z` is never. */
export interface ContainerState {
  readonly Status: RunState;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly Health?: HealthState;
}

export interface HealthState {
  readonly Status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly FailingStreak: number;
  readonly Log: readonly HealthProbe[];
}

export interface HealthProbe {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

/** How a container stands on one network: what was asked for. What it got is in the running record's endpoints. */
export interface EndpointSettings {
  readonly IPAMConfig: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  } | null;
  readonly Links: readonly string[] | null;
  readonly Aliases: readonly string[] | null;
  readonly MacAddress: string;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
  readonly GwPriority: number;
}

/** A resolved mount: Docker's MountPoint, and what is needed to mount it again. */
export interface MountPoint {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Of a volume. */
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
  /** As it came by the Mounts API; shown nowhere, needed to mount. */
  readonly spec?: Mount;
  /** An anonymous volume, which `rm -v` takes along. */
  readonly anonymous?: boolean;
  readonly noCopy?: boolean;
  readonly subpath?: string;
  /** Of an image mount. */
  readonly imageId?: string;
}

/** What survives of a container. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  /** Without Docker's leading slash. */
  readonly name: string;
  readonly created: string;
  readonly path: string;
  readonly args: readonly string[];
  /** Empty for one that stands on nothing. */
  readonly imageId: string;
  readonly chainId: ChainId | undefined;
  readonly platform: Platform;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly MountPoint[];
  /** By name of the network as the client said it. */
  readonly networks: Readonly<Record<string, EndpointSettings>>;
  readonly state: ContainerState;
  readonly restartCount: number;
  /** A client stopped it: `unless-stopped` stays down, the supervisor keeps its hands off. */
  readonly stoppedByHand: boolean;
  readonly startedBefore: boolean;
  /** What it was started with the last time; undefined: none. */
  readonly appArmorProfile?: string;
  /** Addresses, ports and sockets of the running one, from which a next engine takes it over. */
  readonly running: RunningRecord | undefined;
}

export interface RunningRecord {
  readonly monitorSocket: string;
  readonly endpoints: readonly { readonly endpoint: Endpoint; readonly request: EndpointRequest }[];
  readonly ports: readonly PublishedPortSpec[];
  /** It was started behind the container `id`, whose ports it will have; until then it has none. */
  readonly behind?: { readonly id: string; readonly ports: readonly PublishedPortSpec[] };
  /** Its proxy shares sockets and was told to accept, or to accept no more: told again by a next engine. */
  readonly tookOver?: boolean;
  readonly gaveAway?: boolean;
  readonly cgroupPath: string;
  /** Environment of the main process, which those started beside it inherit. */
  readonly env: readonly string[];
  /** What its root is outside, where that is nobody. */
  readonly userRange?: UserRange;
}

/** A local volume. */
export interface VolumeRecord {
  readonly name: string;
  readonly driver: 'local';
  readonly created: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
  readonly anonymous: boolean;
}

/** What `POST /containers/create` asks for, once its JSON has been read. Absent keys are undefined and take the image's value. */
export interface CreateRequest {
  readonly name: string | undefined;
  readonly platform: Platform | undefined;
  readonly config: Partial<ContainerConfig>;
  readonly hostConfig: Partial<HostConfig>;
  readonly networks: Readonly<Record<string, EndpointSettings>>;
}

export interface ExecConfig {
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly DetachKeys: string;
  readonly Tty: boolean;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Privileged: boolean;
  readonly User: string;
  readonly WorkingDir: string;
  readonly ConsoleSize?: readonly [rows: number, columns: number];
}
