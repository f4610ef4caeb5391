import type { CgroupLayout } from './cgroup.js';
import type { RootlessMachine } from './machine.js';
import type { MountAttribute, Op, PropagationType } from './program.js';
import type { LaunchSpec, MountSpec, RootFs, TmpfsPropagation } from './spec.js';

const LOCKED: readonly MountAttribute[] = ['nosuid', 'nodev', 'noexec'];

/** The root file system on its mountpoint, as the root that everything after is resolved below. */
export function rootOps(spec: LaunchSpec): Op[] {
  const { rootfs } = spec;
  const path = rootfs.kind === 'overlay' ? rootfs.mountpoint : rootfs.path;
  const mounted: Op = spec.kept === 'again' ? { op: 'mount.kept', target: path } : rootMount(rootfs, path);
  return [mounted, { op: 'root.choose', path }, ...(spec.kept === undefined ? [] : [{ op: 'root.keep' } as const])];
}

function rootMount(rootfs: RootFs, path: string): Op {
  if (rootfs.kind === 'directory') return { ...bindOp(path, path), propagation: 'private' };
  const { lower, upper, work, options } = rootfs;
  // An image without layers: the kernel refuses an overlay over nothing, and there is nothing to lay over.
  if (lower.length === 0) return { ...bindOp(upper, path), propagation: 'private' };
  return { op: 'mount.overlay', target: path, lower, upper, work, options };
}

/** Docker's own mounts, then the container's, parents before children. A mount of the container replaces ours at the same place. */
export function mountOps(spec: LaunchSpec, rootless?: RootlessMachine): Op[] {
  const taken = takenTargets(spec);
  const own = defaultMounts(spec, rootless).filter((mount) => !taken.has(mount.target));
  const wished = byDepth(spec.mounts).map((mount) => ({ target: normalPath(mount.target), ops: wishedOps(mount) }));
  return byDepth([...own, ...wished]).flatMap((mount) => mount.ops);
}

/** What stays a peer of the machine's, in the order in which it is placed: before the rest of the machine is cut off. */
export function holdOps(spec: LaunchSpec): Op[] {
  return byDepth(spec.mounts).flatMap((mount): Op[] =>
    mount.kind === 'bind' && isShared(mount)
      ? [{ op: 'mount.hold', source: sourceOf(mount), recursive: mount.recursive }]
      : [],
  );
}

/** `/./` says from where on a path is resolved below what is before it (runtime/launcher/ops_mount.c). */
function sourceOf({ source, within }: Extract<MountSpec, { kind: 'bind' }>): string {
  return within === undefined ? source : `${source}/./${within}`;
}

function isShared(mount: Extract<MountSpec, { kind: 'bind' }>): boolean {
  return propagationType(mount.propagation) === 'shared';
}

interface PlacedMount {
  readonly target: string;
  readonly ops: readonly Op[];
}

function takenTargets(spec: LaunchSpec): Set<string> {
  return new Set(spec.mounts.map((mount) => normalPath(mount.target)));
}

function defaultMounts(spec: LaunchSpec, rootless: RootlessMachine | undefined): PlacedMount[] {
  const sysAttributes: MountAttribute[] = spec.privileged ? [...LOCKED] : ['ro', ...LOCKED];
  // These show a namespace, and may be mounted by who is root of that one (user_namespaces(7)).
  const owns = (name: 'pid' | 'net' | 'ipc') => rootless === undefined || spec.namespaces[name].kind !== 'host';
  const [hasProc, hasSys, hasQueues] = [owns('pid'), owns('net'), owns('ipc')];
  const mounts = [
    hasProc ? fs('proc', '/proc', [], LOCKED) : shown('/proc', []),
    fs('tmpfs', '/dev', ['size=65536k', 'mode=755'], ['nosuid']),
    fs(
      'devpts',
      '/dev/pts',
      ['newinstance', 'ptmxmode=0666', 'mode=0620', ...(rootless?.hasRange === false ? [] : ['gid=5'])],
      ['nosuid', 'noexec'],
    ),
    hasSys ? fs('sysfs', '/sys', [], sysAttributes) : shown('/sys', spec.privileged ? [] : ['ro']),
    hasQueues ? fs('mqueue', '/dev/mqueue', [], LOCKED) : shown('/dev/mqueue', [], true),
  ];
  if (spec.shmBytes !== undefined)
    mounts.push(fs('tmpfs', '/dev/shm', ['mode=1777', `size=${spec.shmBytes}`], LOCKED, 'shm'));
  return mounts;
}

/**
 * The container sees its own group, where limits are read from; it may write only when privileged. After it has joined:
 * with a cgroup namespace of its own, that is where what it sees begins.
 */
export function cgroupMountOps(spec: LaunchSpec, cgroups: CgroupLayout): Op[] {
  if (takenTargets(spec).has('/sys/fs/cgroup')) return [];
  const attributes: MountAttribute[] = spec.privileged ? [...LOCKED] : ['ro', ...LOCKED];
  const own = spec.namespaces.cgroup.kind !== 'host';
  if (cgroups.version === 2)
    return own
      ? fs('cgroup2', '/sys/fs/cgroup', [], attributes).ops.slice()
      : [{ ...bindOp(cgroups.mountpoint, '/sys/fs/cgroup'), attributes }];
  const folder = fs('tmpfs', '/sys/fs/cgroup', ['mode=755'], LOCKED).ops;
  const controllers = cgroups.hierarchies.map(({ controllers, mountpoint }): Op => {
    const target = `/sys/fs/cgroup/${controllers.join(',').replace('name=', '')}`;
    return own
      ? { op: 'mount.fs', type: 'cgroup', source: 'cgroup', target, options: controllers, attributes }
      : { ...bindOp(`${mountpoint}/${spec.cgroupPath}`, target), attributes };
  });
  const joint = cgroups.hierarchies.filter(({ controllers }) => controllers.length > 1);
  const links = joint.flatMap(({ controllers }) =>
    controllers.map((name): Op => ({ op: 'symlink', target: controllers.join(','), path: `/sys/fs/cgroup/${name}` })),
  );
  const seal: Op[] = spec.privileged ? [] : [{ op: 'mount.readonly', path: '/sys/fs/cgroup', whole: true }];
  return [...folder, ...controllers, ...links, ...seal];
}

function wishedOps(mount: MountSpec): Op[] {
  if (mount.kind === 'tmpfs') {
    const options = mount.data.split(',').filter(Boolean);
    const { target, flags: attributes } = mount;
    const propagation = mount.propagation && propagationType(mount.propagation);
    return [{ op: 'mount.fs', type: 'tmpfs', source: 'tmpfs', target, options, attributes, propagation }];
  }
  return [
    {
      op: 'mount.bind',
      source: isShared(mount) ? '' : sourceOf(mount),
      target: mount.target,
      attributes: mount.readOnly ? ['ro'] : [],
      recursive: mount.recursive,
      attributesRecursive: mount.readOnly && mount.readOnlyRecursive !== false,
      propagation: propagationType(mount.propagation),
    },
  ];
}

/** Whether the container brings a /dev of its own, which must be left alone: it may be the machine's. */
export function bringsDev(spec: LaunchSpec): boolean {
  return spec.mounts.some((mount) => mount.kind === 'bind' && normalPath(mount.target) === '/dev');
}

export function propagationType(propagation: TmpfsPropagation): PropagationType {
  return propagation.replace(/^r/, '') as PropagationType;
}

function fs(
  type: string,
  target: string,
  options: readonly string[],
  attributes: readonly MountAttribute[],
  source = type,
): PlacedMount {
  return { target, ops: [{ op: 'mount.fs', type, source, target, options, attributes }] };
}

/** The machine's own, in the place of a new one. */
function shown(path: string, attributes: readonly MountAttribute[], optional = false): PlacedMount {
  return { target: path, ops: [{ ...bindOp(path, path), attributes, ...(optional && { optional }) }] };
}

export function bindOp(source: string, target: string): Extract<Op, { op: 'mount.bind' }> {
  return {
    op: 'mount.bind',
    source,
    target,
    attributes: [],
    recursive: true,
    attributesRecursive: true,
    propagation: 'private',
  };
}

function normalPath(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

/** Parents before children; what is equally deep stays in its order. */
function byDepth<Mount extends { readonly target: string }>(mounts: readonly Mount[]): Mount[] {
  const placed = mounts.map((mount) => ({ mount, depth: depth(mount.target) }));
  return placed.sort((a, b) => a.depth - b.depth).map(({ mount }) => mount);
}

/** How many names there are in a path. */
function depth(path: string): number {
  let count = 0;
  for (let i = 0; i < path.length; i++) if (path[i] !== '/' && (i === 0 || path[i - 1] === '/')) count++;
  return count;
}
