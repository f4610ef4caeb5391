import { EngineError } from '../errors.js';
import type { Mount } from './host-config.js';

/** A mount as asked for, checked, before names and folders are looked up. */
export interface ParsedMount {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Host path, volume name or image; empty for an anonymous volume and a tmpfs. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** As inspect shows it. */
  readonly mode: string;
  readonly propagation: string;
  readonly noCopy: boolean;
  /** A bind source that is missing is made (`-v`), or is a mistake (`--mount`). */
  readonly createSource: boolean;
  readonly spec?: Mount;
}

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** Removes `.`, `..`, doubled and trailing slashes of an absolute path. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function invalidSpec(text: string, reason: string): EngineError {
  // A failure of the daemon's own for Docker, though the client is to blame.
  return new EngineError('system', `invalid volume specification: '${text}'${reason === '' ? '' : `: ${reason}`}`);
}

function otherOptions(text: string, type: string, field: string): EngineError {
  return invalidSpec(text, `invalid mount config for type "${type}": field ${field} must not be specified`);
}

/** Reads `SOURCE:TARGET[:MODE]` or `TARGET`. Throws `invalid` in Docker's words. */
export function parseBind(text: string): ParsedMount {
  const parts = text.split(':');
  if (parts.length > 3 || parts[0] === '' || parts.some((part) => part === '')) throw invalidSpec(text, '');
  const [source, target, mode] = parts.length === 1 ? ['', parts[0]!, ''] : [parts[0]!, parts[1]!, parts[2] ?? ''];
  const isBind = source.startsWith('/');
  const type = isBind ? 'bind' : 'volume';
  const options = parseMode(text, mode, isBind);
  if (!target.startsWith('/'))
    throw invalidSpec(
      text,
      `invalid mount config for type "${type}": invalid mount path: '${target}' mount path must be absolute`,
    );
  if (cleanPath(target) === '/')
    throw invalidSpec(text, `invalid mount config for type "${type}": invalid specification: destination can't be '/'`);
  if (!isBind && source !== '') checkVolumeName(source);
  return {
    type,
    source: isBind ? cleanPath(source) : source,
    target: cleanPath(target),
    readOnly: options.readOnly,
    mode: mode === '' && !isBind ? 'z' : mode,
    propagation: isBind ? options.propagation || 'rprivate' : '',
    noCopy: options.noCopy,
    createSource: true,
  };
}

function parseMode(text: string, mode: string, isBind: boolean) {
  let readOnly = false;
  let noCopy = false;
  let propagation = '';
  const seen = new Set<string>();
  for (const flag of mode === '' ? [] : mode.split(',')) {
    const kind = modeKind(flag);
    if (!isBind && kind === 'propagation') throw otherOptions(text, 'volume', 'BindOptions');
    if (isBind && kind === 'copy') throw otherOptions(text, 'bind', 'VolumeOptions');
    if (kind === undefined || seen.has(kind)) throw new EngineError('system', `invalid mode: ${mode}`);
    seen.add(kind);
    if (kind === 'access') readOnly = flag === 'ro';
    if (kind === 'copy') noCopy = true;
    if (kind === 'propagation') propagation = flag;
  }
  return { readOnly, noCopy, propagation };
}

function modeKind(flag: string): string | undefined {
  if (flag === 'rw' || flag === 'ro') return 'access';
  if (flag === 'z' || flag === 'Z') return 'label';
  if (flag === 'nocopy') return 'copy';
  if (propagations.includes(flag)) return 'propagation';
  if (flag === 'cached' || flag === 'delegated' || flag === 'consistent') return 'consistency';
  return undefined;
}

/** Throws `invalid` for what Docker's local driver takes for no name. */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw new EngineError(
      'invalid',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new EngineError(
      'invalid',
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
}

/** Checks one of `Mounts`. Throws `invalid` in Docker's words. */
export function parseMount(mount: Mount): ParsedMount {
  const wrong = complaintOf(mount);
  if (wrong !== undefined)
    throw new EngineError('invalid', `invalid mount config for type ${JSON.stringify(mount.Type)}: ${wrong}`);
  const source = mount.Source ?? '';
  const type = mount.Type as ParsedMount['type'];
  if (type === 'volume' && source !== '') checkVolumeName(source);
  return {
    type,
    source: type === 'bind' ? cleanPath(source) : source,
    target: cleanPath(mount.Target),
    readOnly: mount.ReadOnly === true || type === 'image',
    mode: type === 'volume' ? 'z' : '',
    propagation: type === 'image' ? 'rprivate' : type === 'bind' ? mount.BindOptions?.Propagation || 'rprivate' : '',
    noCopy: mount.VolumeOptions?.NoCopy === true,
    createSource: mount.BindOptions?.CreateMountpoint === true,
    spec: mount,
  };
}

const TYPES = ['bind', 'volume', 'tmpfs', 'image'];
const OPTIONS_OF = { BindOptions: 'bind', VolumeOptions: 'volume', TmpfsOptions: 'tmpfs', ImageOptions: 'image' };

function complaintOf(mount: Mount): string | undefined {
  if (mount.Target === '') return 'field Target must not be empty';
  if (cleanPath(mount.Target) === '/' && mount.Target.startsWith('/'))
    return "invalid specification: destination can't be '/'";
  if (!mount.Target.startsWith('/')) return `invalid mount path: '${mount.Target}' mount path must be absolute`;
  for (const [option, type] of Object.entries(OPTIONS_OF))
    if (type !== mount.Type && mount[option as keyof Mount] !== undefined && TYPES.includes(mount.Type))
      throw new EngineError('invalid', `${option} must not be specified on mount type ${JSON.stringify(mount.Type)}`);
  if (mount.Type === 'bind') return bindComplaint(mount);
  if (mount.Type === 'volume') return volumeComplaint(mount);
  if (mount.Type === 'tmpfs') return tmpfsComplaint(mount);
  if (mount.Type === 'image')
    return mount.Source ? subpathComplaint(mount.ImageOptions?.Subpath ?? '') : 'field Source must not be empty';
  return 'mount type unknown';
}

function bindComplaint(mount: Mount): string | undefined {
  const source = mount.Source ?? '';
  const propagation = mount.BindOptions?.Propagation ?? '';
  if (source === '') return 'field Source must not be empty';
  if (propagation !== '' && !propagations.includes(propagation)) return `invalid propagation mode: ${propagation}`;
  if (!source.startsWith('/')) return `invalid mount path: '${source}' mount path must be absolute`;
  return undefined;
}

function volumeComplaint(mount: Mount): string | undefined {
  const isAnonymous = (mount.Source ?? '') === '';
  const subpath = mount.VolumeOptions?.Subpath ?? '';
  if (isAnonymous && mount.ReadOnly) return 'must not set ReadOnly mode when using anonymous volumes';
  if (subpath === '') return undefined;
  if (isAnonymous) return 'must not set Subpath when using anonymous volumes';
  return subpathComplaint(subpath);
}

function subpathComplaint(subpath: string): string | undefined {
  const leadsOut = subpath.startsWith('/') || subpath.split('/').includes('..');
  return leadsOut ? 'subpath must be a relative path within the volume' : undefined;
}

function tmpfsComplaint(mount: Mount): string | undefined {
  if ((mount.Source ?? '') !== '') return 'field Source must not be specified';
  for (const option of mount.TmpfsOptions?.Options ?? []) {
    if (option.length !== 1 && option.length !== 2) return 'invalid option array length';
    if (option[0] !== 'exec' && option[0] !== 'noexec') return `invalid option: ${option[0]}`;
  }
  return undefined;
}
