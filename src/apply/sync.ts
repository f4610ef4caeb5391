/** Changed files of the host into a container, and the commands that follow. */
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readFile, readlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import type { EngineClient } from '../engine/client.js';
import { putArchive } from '../engine/containers.js';
import { UserError } from '../errors.js';
import type { Handler } from './context.js';
import { runInContainer } from './hooks.js';

/** Larger files go through a stream instead of memory. */
const IN_MEMORY = 8 << 20;
/** Paths of one `rm`, far below what a command line may hold. */
const REMOVALS_AT_ONCE = 500;

export const syncFiles: Handler<'container.sync'> = async ({ name, copies, removals }, { engine, ids, emit }) => {
  const id = ids.get(name) ?? name;
  if (removals.length > 0) {
    const failure = await removePaths(engine, id, removals);
    if (failure) emit({ kind: 'warning', text: `${name}: ${removals.length} deleted files stay: ${failure}` });
  }
  if (copies.length === 0) return;
  const pack = tar.pack();
  writeCopies(pack, copies).catch((error) => pack.destroy(error));
  await putArchive(engine, id, '/', pack as unknown as Readable, { asUser: true });
};

async function writeCopies(pack: tar.Pack, copies: readonly { from: string; to: string }[]): Promise<void> {
  for (const { from, to } of copies) await writeCopy(pack, from, to.replace(/^\/+/, ''));
  pack.finalize();
}

/** What is gone in the meantime is left out. */
async function writeCopy(pack: tar.Pack, from: string, name: string): Promise<void> {
  try {
    const stats = await lstat(from);
    const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
    if (stats.isDirectory()) pack.entry({ ...header, type: 'directory' });
    else if (stats.isSymbolicLink()) pack.entry({ ...header, type: 'symlink', linkname: await readlink(from) });
    else if (stats.isFile()) await writeContent(pack, header, from, stats);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

async function writeContent(
  pack: tar.Pack,
  header: Partial<tar.Header> & { readonly name: string },
  from: string,
  stats: Stats,
): Promise<void> {
  if (stats.size <= IN_MEMORY) {
    pack.entry(header, await readFile(from));
    return;
  }
  const entry = pack.entry({ ...header, size: stats.size });
  await pipeline(createReadStream(from, { end: stats.size - 1 }), entry as unknown as NodeJS.WritableStream);
}

/** The Engine API deletes nothing: the container's own `rm` does. Gives why it could not. */
async function removePaths(engine: EngineClient, id: string, paths: readonly string[]): Promise<string | undefined> {
  for (let at = 0; at < paths.length; at += REMOVALS_AT_ONCE) {
    const failure = await removeSome(engine, id, paths.slice(at, at + REMOVALS_AT_ONCE));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function removeSome(engine: EngineClient, id: string, paths: readonly string[]): Promise<string | undefined> {
  const said: string[] = [];
  try {
    const command = ['rm', '-rf', '--', ...paths];
    const code = await runInContainer({ command, user: '0' }, id, engine, (text) => said.push(text));
    return code === 0 ? undefined : (said[0] ?? `rm ended with ${code}`);
  } catch (error) {
    return (error as Error).message;
  }
}

export const runWatchCommand: Handler<'container.exec'> = async ({ name, service, exec }, context, step) => {
  const { emit, engine, ids } = context;
  const id = ids.get(name) ?? name;
  const code = await runInContainer(exec, id, engine, (text) => emit({ kind: 'plan.step.progress', step, text }));
  if (code === 0) return;
  throw new UserError('exec-failed', `${service}: ${exec.command.join(' ')} ended with ${code}.`);
};
