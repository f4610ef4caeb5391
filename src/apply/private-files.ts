/**
 * Secrets and configs that are no file of this machine, for containers of an engine on this machine: written below the
 * engine's runtime folder, which is memory, and mounted. So they are in no layer, `commit` and `export` do not have them, and a
 * read-only root takes them too. Other engines get them copied in.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Service, VolumeMount } from '../model/project.js';
import type { ApplyContext } from './context.js';
import { contentOf } from './file-content.js';
import { type FileToCopy, filesOf, isMounted } from './request/mounts.js';

/** Undefined: this engine, or this user, cannot have them mounted. */
export async function writePrivateFiles(
  service: Service,
  context: ApplyContext,
): Promise<readonly VolumeMount[] | undefined> {
  if (context.privateFolder === undefined) return undefined;
  const mounts: VolumeMount[] = [];
  for (const file of privateFiles(service, context)) {
    const source = path.join(context.privateFolder, nameOf(service, file));
    const content = await contentOf(file, context);
    await mkdir(context.privateFolder, { recursive: true, mode: 0o700 });
    await writeFile(source, content, { mode: 0o600 });
    await chown(source, Number(file.uid ?? 0), Number(file.gid ?? 0));
    await chmod(source, modeOf(file));
    mounts.push({ type: 'bind', source, target: file.path, read_only: true, bind: { create_host_path: false } });
  }
  return mounts;
}

/** A reboot empties memory: what a container that is started again would miss is written again. */
export async function ensurePrivateFiles(service: Service, context: ApplyContext): Promise<void> {
  const { privateFolder } = context;
  if (privateFolder === undefined) return;
  const sources = privateFiles(service, context).map((file) => path.join(privateFolder, nameOf(service, file)));
  const there = await Promise.all(sources.map((source) => stat(source).catch(() => undefined)));
  if (there.includes(undefined)) await writePrivateFiles(service, context);
}

const privateFiles = (service: Service, { project }: ApplyContext): FileToCopy[] =>
  filesOf(service, project).filter((file) => !isMounted(file));

/** The same for every replica and every run, so that what is rewritten shows in the containers that have it. */
function nameOf(service: Service, { path: target }: FileToCopy): string {
  return createHash('sha256').update(`${service.name}\0${target}`).digest('hex').slice(0, 24);
}

/** The normal form of a mode is octal digits. */
export const modeOf = ({ mode }: FileToCopy): number =>
  mode === undefined ? 0o444 : typeof mode === 'number' ? mode : Number.parseInt(mode, 8);
