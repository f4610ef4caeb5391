/** Where what a service is built of lies. */
import path from 'node:path';
import type { Build } from './project.js';

/** The engine fetches it itself; anything else is a folder of this machine. */
export function isRemoteContext(context: string): boolean {
  return /^(?:https?:\/\/|git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(context);
}

/** Of a build whose context is a folder. */
export function dockerfilePath(build: Build): string {
  return path.resolve(build.context, build.dockerfile ?? 'Dockerfile');
}
