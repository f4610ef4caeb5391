/** A container's mount points as the launcher mounts them. Pure. */
import type { MountSpec, Propagation, TmpfsPropagation } from '../launch/spec.js';
import { cleanPath } from './bind-spec.js';
import type { HostConfig } from './host-config.js';
import type { MountPoint } from './types.js';

/** `imageMounts` has the folder that an image mount shows, by destination. */
export function mountSpecs(mounts: readonly MountPoint[], host: HostConfig): MountSpec[] {
  const tmpfs = Object.entries(host.Tmpfs ?? {}).map(([target, options]) => tmpfsSpec(cleanPath(target), options));
  return [...mounts.map(specOf), ...tmpfs];
}

function specOf(mount: MountPoint): MountSpec {
  if (mount.Type === 'tmpfs') return tmpfsSpec(mount.Destination, tmpfsOptions(mount));
  const bind = mount.spec?.BindOptions;
  return {
    kind: 'bind',
    source: mount.Source,
    ...(mount.subpath ? { within: mount.subpath } : {}),
    target: mount.Destination,
    readOnly: !mount.RW,
    recursive: bind?.NonRecursive !== true,
    readOnlyRecursive: bind?.ReadOnlyNonRecursive !== true,
    propagation: (mount.Propagation || 'rprivate') as Propagation,
  };
}

function tmpfsOptions(mount: MountPoint): string {
  const { SizeBytes, Mode, Options } = mount.spec?.TmpfsOptions ?? {};
  return [
    ...(mount.RW ? [] : ['ro']),
    ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
    ...(SizeBytes ? [`size=${SizeBytes}`] : []),
    ...(Options ?? []).map((option) => option.join('=')),
  ].join(',');
}

const flags = ['nosuid', 'nodev', 'noexec', 'ro', 'noatime', 'nodiratime', 'strictatime'] as const;
const opposites: Readonly<Record<string, string>> = {
  suid: 'nosuid',
  dev: 'nodev',
  exec: 'noexec',
  rw: 'ro',
  atime: 'noatime',
  diratime: 'nodiratime',
  relatime: 'strictatime',
  nostrictatime: 'strictatime',
};

/** What a new tmpfs is anyway, or cannot be. */
const IDLE = new Set(['defaults', 'async', 'nomand', 'norelatime', 'remount', 'bind', 'rbind']);

/** Docker's: nosuid, nodev and noexec unless the options say otherwise. */
function tmpfsSpec(target: string, options: string): MountSpec {
  const set = new Set<string>(['nosuid', 'nodev', 'noexec']);
  const data: string[] = [];
  let propagation: TmpfsPropagation | undefined;
  for (const option of options.split(',').filter(Boolean)) {
    if ((flags as readonly string[]).includes(option)) set.add(option);
    else if (opposites[option] !== undefined) set.delete(opposites[option]);
    else if (/^r?(private|shared|slave|unbindable)$/.test(option)) propagation = option as TmpfsPropagation;
    else if (!IDLE.has(option)) data.push(option);
  }
  const given = { target, data: data.join(','), flags: flags.filter((flag) => set.has(flag)) };
  return { kind: 'tmpfs', ...given, ...(propagation === undefined ? {} : { propagation }) };
}
