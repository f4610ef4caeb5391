/** Where a container's own files are. */
import { join, posix } from 'node:path';
import { instanceName } from './engine.js';
import type { EnginePaths } from './types.js';

export function containerDirectory(paths: EnginePaths, id: string): string {
  return join(paths.home, 'containers', id);
}

/** Short, because a unix socket's path has 107 bytes at most. */
export function monitorSocket(paths: EnginePaths, id: string): string {
  return join(paths.runtime, 'm', id.slice(0, 16));
}

export function exitFile(paths: EnginePaths, id: string): string {
  return join(containerDirectory(paths, id), 'exit');
}

/** `devenv-ab12cd34/ID`, or below the parent that the client named. */
export function cgroupPath(paths: EnginePaths, id: string, parent: string): string {
  const given = posix.normalize(`/${parent}`).replace(/^\/+|\/+$/g, '');
  return `${given === '' ? instanceName(paths.runtime) : given}/${id}`;
}
