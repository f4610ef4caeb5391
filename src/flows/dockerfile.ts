import { readFile } from 'node:fs/promises';
import { dockerfilePath } from '../model/build-place.js';
import type { Build } from '../model/project.js';

/** A build's Dockerfile, wherever it is written; undefined when it cannot be read: the build itself tells of that. */
export async function dockerfileText(build: Build): Promise<string | undefined> {
  return build.dockerfile_inline ?? readFile(dockerfilePath(build), 'utf8').catch(() => undefined);
}
