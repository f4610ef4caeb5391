import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Copy } from '../instructions/types.js';
import { DockerfileError } from '../parse/errors.js';
import type { StepScope } from './scope.js';
import { temporaryFolder } from './scratch.js';

export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; undefined: the remote's HEAD. */
  readonly ref: string | undefined;
  readonly folder: string;
}

/** `https://host/x.git#ref:folder`, `git@host:x`, `ssh://…`, `git://…`; undefined for anything else. */
export function parseGitSource(text: string): GitSource | undefined {
  const [url = '', fragment = ''] = text.split('#', 2);
  const isGit =
    /^https?:\/\/[^?]+\.git$/.test(url) || /^(git|ssh):\/\//.test(url) || /^[\w.-]+@[\w.-]+:[^/].*/.test(url);
  if (!isGit) return undefined;
  const [ref = '', folder = ''] = fragment.split(':', 2);
  return { url, ref: ref || undefined, folder };
}

/** Fetches one commit into a folder of the build. `checksum`: what the commit's id must begin with. Throws DockerfileError with git's words. */
export async function checkOutGit(
  scope: StepScope,
  source: GitSource,
  { keepGitDir, checksum, step }: { keepGitDir: boolean; checksum: string | undefined; step: Copy },
): Promise<string> {
  const folder = join(await temporaryFolder(scope), 'tree');
  const git = async (...args: string[]) => {
    const words = ['git', '-C', folder, '-c', 'advice.detachedHead=false', '-c', 'protocol.ext.allow=never', ...args];
    const { code, stdout, stderr } = await scope.workshop.run(words);
    if (code === 0) return stdout.trim();
    throw new DockerfileError(`failed to fetch ${source.url}: ${stderr.trim() || `git ended with ${code}`}`, step);
  };
  await scope.workshop.run(['git', 'init', '-q', folder]);
  await git('fetch', '-q', '--depth', '1', '--', source.url, source.ref ?? 'HEAD');
  await git('checkout', '-q', 'FETCH_HEAD');
  const commit = await git('rev-parse', 'HEAD');
  if (checksum !== undefined && !commit.startsWith(checksum)) {
    throw new DockerfileError(`expected checksum to match ${checksum}, got ${commit}`, step);
  }
  await git('submodule', 'update', '-q', '--init', '--recursive', '--depth', '1');
  if (!keepGitDir) await rm(join(folder, '.git'), { recursive: true, force: true });
  return folder;
}
