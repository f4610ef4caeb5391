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
};

export function errnoSentence(errno: string): string {
  return errnoText[errno] ?? errno;
}

/** What the machine refused, in words: an operation of the launcher that failed, or a full disk. Undefined for everything else. */
export function machineSentence(error: unknown): string | undefined {
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
    return { text: `chdir to cwd (${name}) set in config.json failed: ${errnoSentence(error.errno)}`, exitCode: 126 };
  return undefined;
}

/** Of a container's start. `holder` says who listens on a busy port. */
export async function startFailure(
  error: unknown,
  container: { readonly id: string; readonly name: string },
  networks: Pick<Networks, 'portHolder'>,
): Promise<StartFailure> {
  if (error instanceof EngineError) return { error, exitCode: 128 };
  if (!(error instanceof LaunchError)) return { error: wrapped('system', String(error), error), exitCode: 128 };
  if (error.operation === 'port.listen') return { error: await portFailure(error, container, networks), exitCode: 128 };
  const exec = execSentence(error);
  const prefix = 'failed to create task for container: failed to create shim task: unable to start container process';
  if (exec !== undefined)
    return {
      error: wrapped('invalid', `${prefix}: error during container init: ${exec.text}: unknown`, error),
      exitCode: exec.exitCode,
    };
  return {
    error: wrapped(
      'system',
      `${prefix}: error during container init: ${error.operation} ${error.subject}: ${errnoSentence(error.errno)}: unknown`,
      error,
    ),
    exitCode: 128,
  };
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
  const by = holder === undefined ? '' : ` (${holder} is listening on it)`;
  return new EngineError(
    'system',
    `driver failed programming external connectivity on endpoint ${container.name} (${container.id}): failed to bind host port for ${address}: ${errnoSentence(error.errno)}${by}`,
    { cause: error },
  );
}
