/** Fetching one commit of a git repository, with the git of this machine. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunProgram } from './solve/programs.js';

export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; undefined: the remote's HEAD. */
  readonly ref: string | undefined;
  readonly folder: string;
}

/** `https://host/x.git#ref:folder`, `github.com/x/y`, `git@host:x`, `ssh://…`, `git://…`; undefined for anything else. */
export function parseGitSource(text: string): GitSource | undefined {
  const hash = text.indexOf('#');
  const written = hash < 0 ? text : text.slice(0, hash);
  const url = written.startsWith('github.com/') ? `https://${written}` : written;
  const isGit =
    url !== written ||
    /^https?:\/\/[^?]+\.git$/.test(url) ||
    /^(git|ssh):\/\//.test(url) ||
    /^[\w.-]+@[\w.-]+:[^/].*/.test(url);
  if (!isGit) return undefined;
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  return { url, ref: ref || undefined, folder: colon < 0 ? '' : fragment.slice(colon + 1) };
}

export interface GitTree {
  /** Of the checked out files. */
  readonly directory: string;
  readonly commit: string;
  /** When it was committed, in seconds since the epoch. */
  readonly committedSeconds: number;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Fetches into `directory`, which it makes. Throws a sentence with git's words. */
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
  await git('submodule', 'update', '-q', '--init', '--recursive', '--depth', '1');
  if (!keepGitDir) await rm(join(directory, '.git'), { recursive: true, force: true });
  const [commit = '', seconds = ''] = said.split(' ');
  return { directory, commit, committedSeconds: Number(seconds) };
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
    const isCommit = COMMIT.test(ref);
    if (!isCommit && !/does not support shallow/.test((error as Error).message)) throw error;
    if (!isCommit) {
      await git('fetch', '-q', '--', 'origin', ref);
      return;
    }
    await git('fetch', '-q', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*');
    await git('update-ref', 'FETCH_HEAD', ref);
  }
}
