/** A container's mount points as the launcher mounts them. Pure. */
import type { MountSpec, Propagation } from '../launch/spec.js';
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

const flags = ['nosuid', 'nodev', 'noexec', 'ro'] as const;
const opposites: Readonly<Record<string, string>> = { suid: 'nosuid', dev: 'nodev', exec: 'noexec', rw: 'ro' };

/** Docker's: nosuid, nodev and noexec unless the options say otherwise. */
function tmpfsSpec(target: string, options: string): MountSpec {
  const set = new Set<string>(['nosuid', 'nodev', 'noexec']);
  const data: string[] = [];
  for (const option of options.split(',').filter(Boolean)) {
    if ((flags as readonly string[]).includes(option)) set.add(option);
    else if (opposites[option] !== undefined) set.delete(opposites[option]);
    else if (option !== 'defaults') data.push(option);
  }
  return { kind: 'tmpfs', target, data: data.join(','), flags: flags.filter((flag) => set.has(flag)) };
}
