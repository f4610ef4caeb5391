/** An operation of the launcher that failed, in the sentences and exit codes that Docker's clients know. */
import { EngineError } from '../errors.js';
import { LaunchError } from '../launch/types.js';
import type { Networks } from '../network/types.js';

const errnoText: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  E2BIG: 'argument list too long',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EINVAL: 'invalid argument',
  EBUSY: 'device or resource busy',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ENOEXEC: 'exec format error',
  ENOMEM: 'cannot allocate memory',
  ELOOP: 'too many levels of symbolic links',
  EROFS: 'read-only file system',
  EEXIST: 'file exists',
  ENODEV: 'no such device',
  ENXIO: 'no such device or address',
  ERANGE: 'numerical result out of range',
  EOPNOTSUPP: 'operation not supported',
  ENETDOWN: 'network is down',
  ENAMETOOLONG: 'file name too long',
};

export function errnoSentence(errno: string): string {
  return errnoText[errno] ?? errno;
}

/** Somebody killed the process of the launcher that did it: no bug, and nobody's wish either. */
export function isInterruption(error: unknown): boolean {
  return error instanceof LaunchError && error.errno === 'EPIPE' && error.subject === 'connection';
}

/** What the machine refused, in words: an operation of the launcher that failed, or a full disk. Undefined for everything else. */
export function machineSentence(error: unknown): string | undefined {
  if (isInterruption(error)) return 'the process of the engine that did this was killed: try again';
  const code = error instanceof LaunchError ? error.errno : (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const subject = error instanceof LaunchError ? error.subject : (error as NodeJS.ErrnoException).path;
    const about = subject ? ` (writing ${subject})` : '';
    return `${errnoSentence(code)}${about}: nothing half-made was kept; free some room on the engine's disk and try again`;
  }
  return error instanceof LaunchError ? `${error.operation} ${error.subject}: ${errnoSentence(code!)}` : undefined;
}

/** What went wrong with a process: a sentence, its kind, and the code that inspect shows. */
export interface StartFailure {
  readonly error: EngineError;
  readonly exitCode: number;
}

/** `exec: "x": executable file not found in $PATH` and its like; undefined when it was not the program's fault. */
export function execSentence(error: LaunchError): { text: string; exitCode: number } | undefined {
  const name = JSON.stringify(error.subject);
  if (error.operation === 'exec') {
    if (error.errno === 'ENOENT' && !error.subject.includes('/'))
      return { text: `exec: ${name}: executable file not found in $PATH`, exitCode: 127 };
    if (error.errno === 'ENOENT' || error.errno === 'ENOTDIR')
      return { text: `exec: ${name}: stat ${error.subject}: ${errnoSentence(error.errno)}`, exitCode: 127 };
    if (error.errno === 'EISDIR') return { text: `exec: ${name}: is a directory: permission denied`, exitCode: 126 };
    return { text: `exec: ${name}: ${errnoSentence(error.errno)}`, exitCode: 126 };
  }
  if (error.operation === 'cwd' || error.operation === 'chdir')
    return {
      text: `chdir to cwd (${name}) set in config.json failed: ${errnoSentence(error.errno)}`,
      exitCode: error.errno === 'ENOENT' ? 127 : 126,
    };
  // Root of the machine may become anybody; in a user namespace there are the ids that were mapped.
  if (error.operation === 'user' && (error.errno === 'EINVAL' || error.errno === 'EPERM'))
    return {
      text:
        `user ${error.subject} does not exist in the engine's user namespace: images with several users need a range ` +
        'in /etc/subuid and /etc/subgid and the package uidmap (devenv doctor says how); then stop and start the engine',
      exitCode: 126,
    };
  return undefined;
}

/** Of a container's start. `holder` says who listens on a busy port. */
export async function startFailure(
  error: unknown,
  container: { readonly id: string; readonly name: string },
  networks: Pick<Networks, 'portHolder'>,
): Promise<StartFailure> {
  // What was wrong with the request was to be told at create: by now it is this start's failure, as for Docker.
  if (error instanceof EngineError)
    return { error: error.kind === 'invalid' ? wrapped('system', error.message, error) : error, exitCode: 128 };
  if (!(error instanceof LaunchError)) return { error: wrapped('system', String(error), error), exitCode: 128 };
  if (error.operation === 'port.listen') return { error: await portFailure(error, container, networks), exitCode: 128 };
  const exec = execSentence(error);
  if (exec !== undefined)
    return { error: wrapped('invalid', `${START_PREFIX}: ${exec.text}`, error), exitCode: exec.exitCode };
  return initFailure(error);
}

const START_PREFIX =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process';

/** The errno says whose fault it was, and with which code the container counts as ended (moby's translateContainerdStartErr). */
function initFailure(error: LaunchError): StartFailure {
  const sentence = `${START_PREFIX}: error during container init: ${initSentence(error)}`;
  if (error.errno === 'ENOENT') return { error: wrapped('invalid', sentence, error), exitCode: 127 };
  if (error.errno === 'EACCES' || error.errno === 'EISDIR')
    return { error: wrapped('invalid', sentence, error), exitCode: 126 };
  if (error.errno !== 'ENOTDIR' && !isMisplacedBind(error))
    return { error: wrapped('system', sentence, error), exitCode: 128 };
  const hint =
    'Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';
  return { error: wrapped('invalid', `${sentence}: ${hint}`, error), exitCode: 127 };
}

/** mount(2) of a file over a folder, which the kernel calls an invalid argument when asked by descriptor. */
function isMisplacedBind(error: LaunchError): boolean {
  return error.operation === 'mount.bind' && error.errno === 'EINVAL';
}

function initSentence(error: LaunchError): string {
  const text = errnoSentence(isMisplacedBind(error) ? 'ENOTDIR' : error.errno);
  if (error.operation === 'file.write') return `open ${error.subject}: ${text}`;
  if (error.operation.startsWith('mount.'))
    return `error mounting to rootfs at ${JSON.stringify(error.subject)}: ${text}`;
  if (error.operation === 'apparmor')
    return `unable to apply apparmor profile ${error.subject}: ${text} (apparmor_parser -r loads one)`;
  if (error.operation === 'hostname') return `sethostname: ${text}`;
  return `${error.operation} ${error.subject}: ${text}`;
}

function wrapped(kind: 'invalid' | 'system', sentence: string, cause: unknown): EngineError {
  return new EngineError(kind, sentence, { cause });
}

async function portFailure(
  error: LaunchError,
  container: { readonly id: string; readonly name: string },
  networks: Pick<Networks, 'portHolder'>,
): Promise<EngineError> {
  const subject = /^(.*):(\d+)\/(tcp|udp)$/.exec(error.subject);
  const address = subject === null ? error.subject : `${subject[1]}:${subject[2]}/${subject[3]}`;
  const holder =
    subject === null || error.errno !== 'EADDRINUSE'
      ? undefined
      : await networks.portHolder(subject[3] as 'tcp' | 'udp', subject[1]!, Number(subject[2])).catch(() => undefined);
  const low =
    error.errno === 'EACCES'
      ? ' (without root, only ports from net.ipv4.ip_unprivileged_port_start on; publish another one, or lower that as root: sysctl -w net.ipv4.ip_unprivileged_port_start=80)'
      : '';
  const by = holder === undefined ? low : ` (${holder} is listening on it)`;
  return new EngineError(
    'system',
    `failed to set up container networking: driver failed programming external connectivity on endpoint ${container.name} (${container.id}): failed to bind host port for ${address}: ${errnoSentence(error.errno)}${by}`,
    { cause: error },
  );
}
