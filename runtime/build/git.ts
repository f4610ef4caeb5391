/** Fetching one commit of a git repository, with the git of this machine. */
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { COMMIT, type GitSource } from './git-source.js';
import type { RunProgram } from './solve/programs.js';

export interface GitTree {
  /** Of what was asked for: the checked out files, or a folder of theirs. */
  readonly directory: string;
  readonly commit: string;
  /** When it was committed, in seconds since the epoch. */
  readonly committedSeconds: number;
}

/** Fetches into `directory`, which it makes. Throws a sentence of BuildKit's, or one with git's words. */
export async function fetchGit(
  run: RunProgram,
  source: GitSource,
  { directory, keepGitDir }: { readonly directory: string; readonly keepGitDir: boolean },
): Promise<GitTree> {
  await mkdir(directory, { recursive: true });
  const git = gitIn(run, source, directory);
  await git('init', '-q', '.');
  await git('remote', 'add', 'origin', '--', source.url);
  await fetchRef(git, source.ref ?? 'HEAD');
  await git('checkout', '-q', 'FETCH_HEAD');
  const said = await git('log', '-1', '--format=%H %ct');
  const [commit = '', seconds = ''] = said.split(' ');
  if (source.checksum !== undefined && !commit.startsWith(source.checksum))
    throw new Error(`failed to load cache key: expected checksum to match ${source.checksum}, got ${commit}`);
  if (source.submodules !== false) await git('submodule', 'update', '-q', '--init', '--recursive', '--depth', '1');
  const folder = await folderOf(directory, source.folder);
  if (!keepGitDir) await rm(join(directory, '.git'), { recursive: true, force: true });
  return { directory: folder, commit, committedSeconds: Number(seconds) };
}

/** A repository is anybody's: a link on the way to the folder could lead to any other of this machine. */
async function folderOf(tree: string, folder: string): Promise<string> {
  const path = posix.join('/', folder);
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = posix.join(at, name);
    const stats = await lstat(join(tree, at)).catch(() => undefined);
    const why =
      stats === undefined
        ? `failed to lstat "${at}": statat ${at}: no such file or directory`
        : `git subpath "${path}" contains non-directory "${at}"`;
    if (!stats?.isDirectory()) throw new Error(`invalid subdir ${path}: ${why}`);
  }
  return join(tree, at);
}

type Git = (...args: string[]) => Promise<string>;

function gitIn(run: RunProgram, { url }: GitSource, directory: string): Git {
  const settings = ['-c', 'advice.detachedHead=false', '-c', 'protocol.ext.allow=never'];
  return async (...args) => {
    const { code, stdout, stderr } = await run(['git', '-C', directory, ...settings, ...args]);
    if (code === 0) return stdout.trim();
    throw new Error(`failed to fetch ${url}: ${stderr.trim() || `git ended with ${code}`}`);
  };
}

/** Only what is asked for; a server that only serves files gives whole histories, one that gives no single commit everything. */
async function fetchRef(git: Git, ref: string): Promise<void> {
  try {
    await git('fetch', '-q', '--depth', '1', '--', 'origin', ref);
  } catch (error) {
    const { message } = error as Error;
    if (COMMIT.test(ref)) return fetchCommit(git, ref);
    if (message.includes("couldn't find remote ref"))
      throw new Error(`failed to load cache key: repository does not contain ref ${ref}, output: ""`, { cause: error });
    if (!/does not support shallow/.test(message)) throw error;
    await git('fetch', '-q', '--', 'origin', ref);
  }
}

async function fetchCommit(git: Git, ref: string): Promise<void> {
  await git('fetch', '-q', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  await git('update-ref', 'FETCH_HEAD', ref);
}
