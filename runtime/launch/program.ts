/**
 * A launch program: ordered primitive operations that the launcher executes one by one. All meaning is decided by
 * whoever composes it; the launcher picks no default and retries nothing.
 */

/** The room's own list grows here; `encode.ts` and the C side's `ops.c` know the same codes. */
export type Op = { readonly op: string } & Readonly<Record<string, unknown>>;

export interface LaunchProgram {
  /** In the monitor, before the container's process exists: cgroups made, ports listened on. */
  readonly before: readonly Op[];
  /** Namespaces that the container's process is cloned with (CLONE_* names, lower case without the prefix). */
  readonly clone: readonly ('newns' | 'newpid' | 'newnet' | 'newipc' | 'newuts' | 'newcgroup' | 'newuser')[];
  /** In the monitor, while that process waits: veths into its network namespace, id maps. */
  readonly host: readonly Op[];
  /** In the container's process, up to and including `exec`. */
  readonly inside: readonly Op[];
  /** Settings of the monitor. */
  readonly monitor?: {
    readonly socket: string;
    readonly exitFile: string;
    readonly logPath?: string;
    readonly logMaxBytes?: number;
    readonly logMaxFiles: number;
    readonly tty: boolean;
    readonly openStdin: boolean;
    readonly stdinOnce: boolean;
    readonly containerId: string;
  };
}
