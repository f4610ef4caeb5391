/** Changed files of the host into a container, and the commands that follow. */
import { createReadStream, lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import tar from 'tar-stream';
import type { EngineClient } from '../engine/client.js';
import { putArchive } from '../engine/containers.js';
import { UserError } from '../errors.js';
import type { Handler } from './context.js';
import { runInContainer } from './hooks.js';

/** Larger files go through a stream instead of memory. */
const IN_MEMORY = 1 << 20;
/** Files between two turns of the event loop. */
const FILES_A_TURN = 50;
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
  for (const [index, { from, to }] of copies.entries()) {
    await writeCopy(pack, from, to.replace(/^\/+/, ''));
    if (index % FILES_A_TURN === FILES_A_TURN - 1) await turn();
  }
  pack.finalize();
}

/** What is gone in the meantime is left out. Small files are read at once: a hundred cost 3 ms so, and five trips each through the thread pool otherwise. */
async function writeCopy(pack: tar.Pack, from: string, name: string): Promise<void> {
  try {
    const stats = lstatSync(from);
    const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
    if (stats.isDirectory()) pack.entry({ ...header, type: 'directory' });
    else if (stats.isSymbolicLink()) pack.entry({ ...header, type: 'symlink', linkname: readlinkSync(from) });
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
    pack.entry(header, readFileSync(from));
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
