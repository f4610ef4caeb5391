/** Configs that are elsewhere: in git repositories and in registries. They are fetched before the load that needs them goes on. */
import { problem } from '../problems.js';
import type { Mark } from '../read/source.js';

const REMOTE = /^(?:oci|git|ssh):\/\/|^https?:\/\/.*\.git(?:#.*)?$|^git@|^github\.com\//;

export const isRemote = (path: string): boolean => REMOTE.test(path);

/** By address: the file that stands for it on this machine. */
export type Remotes = ReadonlyMap<string, string>;

/** Not a mistake: the load has to wait for this one. It passes by what gathers mistakes. */
export class RemoteNeeded extends Error {
  constructor(
    readonly address: string,
    readonly at: Mark | undefined,
  ) {
    super(`${address} has to be fetched first`);
    this.name = 'RemoteNeeded';
  }
}

interface Asking {
  readonly remotes?: Remotes | undefined;
  readonly problems: { warn(text: string, at?: Mark): void };
}

/** The path itself, or where the fetched one lies. Throws RemoteNeeded, or UserError `remote-config` for what nobody can fetch. */
export function localPath(path: string, { remotes, problems }: Asking, at?: Mark): string {
  if (!isRemote(path)) {
    if (/^https?:\/\//.test(path)) throw noConfigThere(path, at);
    return path;
  }
  if (remotes === undefined) throw nothingFetched(path, at);
  const local = remotes.get(path);
  if (local === undefined) throw new RemoteNeeded(path, at);
  problems.warn(
    `${path} is somebody else's text and decides what runs on this machine: use it only if you trust its author.`,
    at,
  );
  return local;
}

const nothingFetched = (path: string, at: Mark | undefined): Error =>
  problem('remote-config', `${path} is not on this machine, and nothing is fetched here.`, at, [
    'Save it beside this config and name the file here.',
  ]);

const noConfigThere = (path: string, at: Mark | undefined): Error =>
  problem('remote-config', `${path} is neither a git repository (….git) nor an artifact in a registry (oci://…).`, at, [
    'Write https://host/repository.git#REF:FOLDER or oci://registry/name:tag, or save the file beside this config.',
  ]);
