/** `https://host/repository.git#REF:FOLDER`: as Compose reads it, fetched by the git command, kept by its commit. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

type Env = Readonly<Record<string, string | undefined>>;

export interface GitAddress {
  readonly remote: string;
  /** Branch, tag or commit; `HEAD` when none is given. */
  readonly ref: string;
  readonly folder: string;
}

export function parseGitAddress(address: string): GitAddress {
  const hash = address.indexOf('#');
  const remote = hash < 0 ? address : address.slice(0, hash);
  const fragment = hash < 0 ? '' : address.slice(hash + 1);
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  return {
    remote: remote.startsWith('github.com/') ? `https://${remote}` : remote,
    ref: ref || 'HEAD',
    folder: colon < 0 ? '' : fragment.slice(colon + 1),
  };
}

const NAMES = ['devenv.yml', 'devenv.yaml', 'compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

/** The config file in the checkout. Throws Error with git's own words. */
export async function fetchRepository(address: string, cache: string, env: Env): Promise<string> {
  const { remote, ref, folder } = parseGitAddress(address);
  const commit = /^[0-9a-f]{40}$/.test(ref) ? ref : await resolveRef(remote, ref, env);
  const name = basename(remote).replace(/\.git$/, '') || 'repository';
  const checkout = join(cache, 'git', commit, name);
  if (!existsSync(checkout)) await checkOut(remote, commit, checkout, env);
  return configIn(checkout, folder);
}

async function git(args: readonly string[], env: Env, cwd?: string): Promise<string> {
  const options = {
    env: { ...env, GIT_TERMINAL_PROMPT: '0' } as NodeJS.ProcessEnv,
    timeout: 120_000,
    ...(cwd ? { cwd } : {}),
  };
  try {
    const { stdout } = await promisify(execFile)('git', ['-c', 'protocol.ext.allow=never', ...args], options);
    return stdout;
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: string };
    if (code === 'ENOENT') throw new Error('the program git is not installed (apt-get install git)');
    throw new Error((stderr ?? '').trim().split('\n').at(-1) || String(error));
  }
}

async function resolveRef(remote: string, ref: string, env: Env): Promise<string> {
  const lines = (
    await git(['ls-remote', '--exit-code', '--', remote, ref], env).catch((error: Error) => {
      throw error.message.startsWith('Error: Command failed') ? new Error(`there is no ${ref} in it`) : error;
    })
  ).split('\n');
  // An annotated tag has a second line, with the commit that it names.
  const found = lines.find((line) => line.endsWith('^{}')) ?? lines[0]!;
  return found.split(/\s/)[0]!;
}

/** Under another name first, so that a broken fetch leaves nothing behind that looks whole. */
async function checkOut(remote: string, commit: string, target: string, env: Env): Promise<void> {
  mkdirSync(resolve(target, '..'), { recursive: true });
  const work = mkdtempSync(`${target}.`);
  try {
    await git(['init', '-q', '.'], env, work);
    await git(['remote', 'add', 'origin', remote], env, work);
    await git(['fetch', '-q', '--depth', '1', 'origin', commit], env, work).catch(
      () => git(['fetch', '-q', '--tags', 'origin'], env, work), // servers that give no single commits
    );
    await git(['checkout', '-q', commit], env, work);
    if (!existsSync(target)) renameSync(work, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function configIn(checkout: string, folder: string): string {
  const place = resolve(checkout, folder);
  if (place !== checkout && !place.startsWith(`${checkout}/`)) throw new Error(`${folder} leads out of the repository`);
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat?.isFile()) return place;
  const found = NAMES.map((name) => join(place, name)).find((file) => existsSync(file));
  if (!found) throw new Error(`there is no config in ${folder || 'its top folder'} (${NAMES.join(', ')})`);
  return found;
}
