/** What is looked at on a machine, and what is found. */

/** `missing`: devenv cannot do its work; `warning`: something will not work or be slow. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly detail: string;
  /** The command that mends it. */
  readonly fix?: string;
  /** `--fix` may run it: it takes nothing away and can be undone. */
  readonly safe?: boolean;
}

/** What was read of the machine; undefined: it could not be read. */
export interface Machine {
  readonly root: boolean;
  readonly user: string;
  readonly kernel: string;
  readonly filesystems: string;
  readonly namespaces: readonly string[];
  readonly cgroupV2: string | undefined;
  readonly cgroupV1: readonly string[];
  readonly maxUserNamespaces: number | undefined;
  readonly unprivilegedUserns: number | undefined;
  readonly apparmorRestrictsUserns: number | undefined;
  readonly subuid: string;
  readonly subgid: string;
  /** Programs that were found in PATH. */
  readonly programs: ReadonlySet<string>;
  /** Whether this user may make control groups where they are. */
  readonly ownGroups: boolean;
  /** The first port that users may listen on. */
  readonly firstPort: number | undefined;
  /** First and last group that may ping (icmp(7)). */
  readonly pingGroups: readonly [first: number, last: number];
  /** Whether this user may open /dev/net/tun. */
  readonly hasTunnels: boolean;
  readonly ipForward: number | undefined;
  readonly seccomp: boolean;
  readonly inotifyWatches: number | undefined;
  readonly inotifyInstances: number | undefined;
  readonly disk: { readonly path: string; readonly freeBytes: number; readonly freeInodes: number } | undefined;
}

export const ok = (name: string, detail: string): Finding => ({ name, state: 'ok', detail });
