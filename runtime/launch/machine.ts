import { access, constants, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { type CgroupLayout, controllersIn, detectCgroups } from './cgroup.js';
import { subordinateRange, type UserRange } from './user-range.js';

/** What of this machine a launch program depends on; data, so that composing one stays pure. */
export interface Machine {
  readonly cgroups: CgroupLayout;
  /** What the launcher itself holds: a container cannot get more (capabilities(7)). */
  readonly capabilities: bigint;
  /** Ids that no user has, for containers whose root is nobody outside; undefined where such namespaces cannot be made. */
  readonly userRange?: UserRange;
  /** Undefined when the engine is the machine's root. */
  readonly rootless?: RootlessMachine;
}

/** An engine that is root of namespaces of its own only (user_namespaces(7)); decided once, in `main/rootless.ts`. */
export interface RootlessMachine {
  /** The user and group outside. */
  readonly uid: number;
  readonly gid: number;
  /** Whether other ids than 0 exist inside. */
  readonly hasRange: boolean;
  /** The process that keeps the namespaces. */
  readonly holder: number;
  /** The network namespace that bridges are made in; the engine itself is in the machine's. */
  readonly netns: string;
  /** What a command is put behind to run in there. */
  readonly within: readonly string[];
  /** Descriptors that are bound to port 53 in there. */
  readonly resolverSockets: { readonly datagrams: number; readonly connections: number };
  /** Ports in there whose connections are carried to where they wanted to go, and to this machine. */
  readonly carried: { readonly outboundPort: number; readonly machinePort: number };
  readonly wayOut: WayOut;
  /** A folder of control groups (v2) that was handed to this engine. */
  readonly groups?: string;
}

/**
 * How packets leave that network namespace: by a program's link into it, or not at all: then TCP connections are carried
 * out and names are answered. `missing`: why it is no more than that, with what mends it.
 */
export type WayOut =
  | { readonly kind: 'pasta' | 'slirp4netns' }
  | { readonly kind: 'carried'; readonly missing: string };

export async function probeMachine(rootless?: RootlessMachine): Promise<Machine> {
  const [cgroups, status] = await Promise.all([detectCgroups(), readFile('/proc/self/status', 'utf8')]);
  const capabilities = heldCapabilities(status);
  if (rootless === undefined) {
    const userRange = await freeRange();
    return { cgroups, capabilities, ...(userRange && { userRange }) };
  }
  return { cgroups: await withoutForeign(cgroups, rootless), capabilities, rootless };
}

/** Groups that nobody handed to this user cannot be used: then there are none, which is a layout without hierarchies. */
async function withoutForeign(layout: CgroupLayout, { groups }: RootlessMachine): Promise<CgroupLayout> {
  const none: CgroupLayout = { version: 1, hierarchies: [] };
  if (layout.version === 2) {
    const mountpoint = groups ?? layout.mountpoint;
    return (await isWritable(mountpoint))
      ? { ...layout, mountpoint, controllers: await controllersIn(mountpoint) }
      : none;
  }
  const own = await Promise.all(layout.hierarchies.map(({ mountpoint }) => isWritable(mountpoint)));
  return { ...layout, hierarchies: layout.hierarchies.filter((_, index) => own[index]) };
}

/** Mounts that shift owners came below overlays with Linux 5.19. */
async function freeRange(): Promise<UserRange | undefined> {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const text = (file: string) => readFile(file, 'utf8').catch(() => '');
  const most = await text('/proc/sys/user/max_user_namespaces');
  if (major < 5 || (major === 5 && minor < 19) || Number(most) === 0) return undefined;
  return subordinateRange(await text('/etc/subuid'), await text('/etc/subgid'));
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** CapPrm of a /proc/PID/status. */
export function heldCapabilities(status: string): bigint {
  const hex = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}
