/** Addresses of git repositories, as BuildKit reads them: a fragment `#ref:folder`, or a query. Pure. */

export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; undefined: the remote's HEAD. */
  readonly ref: string | undefined;
  /** Below the repository's root; empty: the root itself. */
  readonly folder: string;
  /** What the commit's id must begin with. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
}

/**
 * `https://host/x.git#ref:folder`, `https://host/x.git?branch=main&subdir=folder`, `github.com/x/y`, `git@host:x`,
 * `ssh://…`, `git://…`; undefined for anything else. Throws BuildKit's sentence for a query that it refuses.
 */
export function parseGitSource(text: string): GitSource | undefined {
  const { address, query, fragment } = split(text);
  const url = address.startsWith('github.com/') ? `https://${address}` : address;
  const isGit =
    url !== address ||
    /^https?:\/\/.+\.git$/.test(url) ||
    /^(git|ssh):\/\//.test(url) ||
    /^[\w.-]+@[\w.-]+:[^/].*/.test(url);
  if (!isGit) return undefined;
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  const folder = colon < 0 ? '' : fragment.slice(colon + 1);
  return withQuery({ url, ref: ref || undefined, folder }, new URLSearchParams(query));
}

/** Names such as `git@host:path` have no query. */
function split(text: string): { address: string; query: string; fragment: string } {
  const hash = text.indexOf('#');
  const before = hash < 0 ? text : text.slice(0, hash);
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const mark = /^(\w+:\/\/|github\.com\/)/.test(before) ? before.indexOf('?') : -1;
  if (mark < 0) return { address: before, query: '', fragment };
  return { address: before.slice(0, mark), query: before.slice(mark + 1), fragment };
}

/** A whole id: what a remote can be asked for. */
export const COMMIT = /^[0-9a-f]{40}$/;

const KEYS = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules'];
const FLAGS = ['keep-git-dir', 'submodules'];

function withQuery(source: GitSource, query: URLSearchParams): GitSource {
  for (const key of new Set(query.keys())) checkKey(key, query.getAll(key));
  const said = (key: string) => query.get(key) ?? undefined;
  const branch = said('branch');
  const tag = said('tag');
  if (branch !== undefined && tag !== undefined) throw new Error('branch conflicts with tag');
  let ref = agreed('ref', source.ref, said('ref'));
  ref = agreed('ref', ref, prefixed('refs/tags/', tag));
  ref = agreed('ref', ref, prefixed('refs/heads/', branch));
  const checksum = said('checksum') ?? said('commit');
  const keepGitDir = flagOf(query, 'keep-git-dir');
  const submodules = flagOf(query, 'submodules');
  return {
    url: source.url,
    ref: ref ?? (checksum !== undefined && COMMIT.test(checksum) ? checksum : undefined),
    folder: agreed('subdir', source.folder || undefined, said('subdir')) ?? '',
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
  };
}

function checkKey(key: string, values: readonly string[]): void {
  const name = JSON.stringify(key);
  if (values.length > 1) throw new Error(`query ${name} has multiple values`);
  if (values[0] === '' && !FLAGS.includes(key)) throw new Error(`query ${name} has no value`);
  if (!KEYS.includes(key)) throw new Error(`unexpected query ${name}`);
}

/** What was said twice must be the same. */
function agreed(what: string, one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other;
  throw new Error(`${what} conflicts: ${JSON.stringify(one)} vs ${JSON.stringify(other)}`);
}

const prefixed = (prefix: string, name: string | undefined) =>
  name === undefined || name.startsWith(prefix) ? name : prefix + name;

/** Go's words for yes and no; a flag without a value says yes. */
function flagOf(query: URLSearchParams, key: string): boolean | undefined {
  const value = query.get(key);
  if (value === null) return undefined;
  if (['', '1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new Error(`invalid ${key} value: ${JSON.stringify(value)}`);
}
