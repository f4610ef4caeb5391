import type { Builder } from '../build/types.js';
import type { HealthConfig, ImageConfig, ImageStore } from '../images/types.js';
import type { Launcher } from '../launch/types.js';
import type { Networks } from '../network/types.js';
import type { Snapshots } from '../snapshots/types.js';
import type { Store } from '../state/types.js';

/** What the engine stands on; made once in `runtime/main.ts` and handed to every part. No part imports another's instance. */
export interface Foundations {
  readonly paths: EnginePaths;
  readonly store: Store;
  readonly launcher: Launcher;
  readonly snapshots: Snapshots;
  readonly images: ImageStore;
  readonly networks: Networks;
  readonly builder: Builder;
}

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
  readonly StopTimeout?: number;
  readonly Healthcheck?: HealthConfig;
}
