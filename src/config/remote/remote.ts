/** Configs that are elsewhere: git repositories and OCI artifacts. */
import { problem } from './problems.js';
import type { Mark } from './read/source.js';

const REMOTE = /^(?:oci|https?|git|ssh):\/\/|^git@|^github\.com\//;

export const isRemote = (path: string): boolean => REMOTE.test(path);

/** Throws UserError `remote-config`: nothing is fetched by reading a config. */
export function rejectRemote(path: string, at?: Mark): void {
  if (!isRemote(path)) return;
  const what = path.startsWith('oci://') ? 'an artifact in a registry' : 'in a git repository';
  throw problem('remote-config', `${path} is ${what}, and devenv reads configs from this machine only.`, at, [
    path.startsWith('oci://')
      ? 'Save it beside this config and name the file here.'
      : 'Clone the repository beside this config (git clone, git submodule) and name the file here.',
  ]);
}
