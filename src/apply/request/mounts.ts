import { parseBytes } from '../../model/bytes.js';
import type { Project, ProjectFile, Service, VolumeMount } from '../../model/project.js';
import type { RequestContext } from './container.js';

export interface MountConfig {
  readonly Binds: readonly string[];
  readonly Mounts: readonly Readonly<Record<string, unknown>>[];
  readonly Tmpfs: Readonly<Record<string, string>> | undefined;
}

/** Short enough things become binds, as Compose writes them; what a bind cannot say becomes a mount. */
export function mounts(service: Service, context: RequestContext): MountConfig {
  const wanted = [...(service.volumes ?? []), ...fileMounts(service, context.project), ...(context.files ?? [])];
  const binds = wanted.flatMap((mount) => asBind(mount, context.project) ?? []);
  const rest = wanted.filter((mount) => asBind(mount, context.project) === undefined);
  const targets = new Set(wanted.filter((mount) => mount.source !== undefined).map((mount) => mount.target));
  const inherited = Object.entries(context.inherited).filter(([target]) => !targets.has(target));
  const taken = new Set(inherited.map(([target]) => target));
  return {
    Binds: binds,
    Mounts: [
      ...rest.filter((mount) => !taken.has(mount.target)).map((mount) => asMount(mount, context.project)),
      ...inherited.map(([Target, Source]) => ({ Type: 'volume', Source, Target })),
    ],
    Tmpfs: tmpfs(service.tmpfs),
  };
}

function tmpfs(entries: Service['tmpfs']): Record<string, string> | undefined {
  const list = entries === undefined ? [] : [entries].flat();
  if (list.length === 0) return undefined;
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf(':');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function volumeName(project: Project, source: string): string {
  return project.volumes[source]?.name ?? source;
}

/** Undefined: it needs the long form. */
function asBind(mount: VolumeMount, project: Project): string | undefined {
  const { type, source, target, bind, volume } = mount;
  if (source === undefined || source.includes(':') || target.includes(':')) return undefined;
  const modes = [mount.read_only ? 'ro' : 'rw'];
  if (type === 'bind') {
    if (bind?.create_host_path === false || bind?.recursive) return undefined;
    if (bind?.propagation) modes.push(bind.propagation);
    if (bind?.selinux) modes.push(bind.selinux);
    return `${source}:${target}:${modes.join(',')}`;
  }
  if (type !== 'volume' || volume?.subpath || volume?.labels) return undefined;
  if (volume?.nocopy) modes.push('nocopy');
  return `${volumeName(project, source)}:${target}:${modes.join(',')}`;
}

function asMount(mount: VolumeMount, project: Project): Record<string, unknown> {
  const { type, source, target, bind, volume } = mount;
  const common = { Type: type, Target: target, ReadOnly: mount.read_only ?? false, Consistency: mount.consistency };
  if (type === 'tmpfs') {
    const options = { SizeBytes: parseBytes(mount.tmpfs?.size), Mode: mount.tmpfs?.mode };
    return { ...common, TmpfsOptions: options };
  }
  if (type === 'bind') {
    const options = {
      Propagation: bind?.propagation,
      CreateMountpoint: bind?.create_host_path ?? false,
      NonRecursive: bind?.recursive === 'disabled' ? true : undefined,
      ReadOnlyNonRecursive: bind?.recursive === 'writable' ? true : undefined,
      ReadOnlyForceRecursive: bind?.recursive === 'readonly' ? true : undefined,
    };
    return { ...common, Source: source, BindOptions: options };
  }
  if (type !== 'volume') return { ...common, Source: source };
  const options = { NoCopy: volume?.nocopy, Labels: volume?.labels, Subpath: volume?.subpath };
  return { ...common, Source: source === undefined ? undefined : volumeName(project, source), VolumeOptions: options };
}

interface FileUse {
  readonly source: string;
  readonly target?: string;
  readonly mode?: string | number;
  readonly uid?: string;
  readonly gid?: string;
}

export interface FileToCopy extends FileUse {
  readonly kind: 'secrets' | 'configs';
  readonly path: string;
  readonly definition: ProjectFile;
}

/** Secrets and configs of a service, each with the absolute path that it has in the container. */
export function filesOf(service: Service, project: Project): FileToCopy[] {
  return (['secrets', 'configs'] as const).flatMap((kind) =>
    ((service[kind] as readonly FileUse[] | undefined) ?? []).flatMap((use) => {
      const definition = project[kind][use.source];
      return definition ? [{ ...use, kind, path: targetOf(kind, use), definition }] : [];
    }),
  );
}

function targetOf(kind: 'secrets' | 'configs', use: FileUse): string {
  const target = use.target ?? use.source;
  if (target.startsWith('/')) return target;
  return kind === 'secrets' ? `/run/secrets/${target}` : `/${target}`;
}

/**
 * Files of this machine are mounted as they are, so that a change shows at once. What has no file, or is to have an owner
 * or a mode of its own, is copied in before the start.
 */
export const isMounted = ({ definition, uid, gid, mode }: FileToCopy) =>
  definition.file !== undefined && uid === undefined && gid === undefined && mode === undefined;

function fileMounts(service: Service, project: Project): VolumeMount[] {
  return filesOf(service, project).flatMap((file) =>
    !isMounted(file)
      ? []
      : [
          {
            type: 'bind' as const,
            source: file.definition.file!,
            target: file.path,
            read_only: true,
            bind: { create_host_path: false },
          },
        ],
  );
}
