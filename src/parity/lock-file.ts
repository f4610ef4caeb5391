/**
 * `devenv-lock.yml`: the image of every service of every environment, and what builds stand on, by digest. Made to be reviewed:
 * sorted, one fact a line, no times. Pure.
 */
import { dump, load } from 'js-yaml';
import { UserError } from '../errors.js';

export const lockFileName = 'devenv-lock.yml';

export interface LockedImage {
  /** Of the index, or of the manifest where there is no index; of the image itself where `local`. */
  readonly digest: string;
  /** `linux/amd64`, sorted. */
  readonly platforms: readonly string[];
  /** No registry has it: it was made on this machine (a bootstrapped base image), and is known by its id. */
  readonly local?: true;
}

export interface LockedService {
  readonly image?: string;
  /** What its build stands on. */
  readonly bases?: readonly string[];
}

export interface LockFile {
  readonly images: Readonly<Record<string, LockedImage>>;
  /** Environment → service. A project without environments has one that is called `default`. */
  readonly environments: Readonly<Record<string, Readonly<Record<string, LockedService>>>>;
}

const head = `# Images by digest, as devenv lock found them. Review it like code; devenv lock --update renews it.\n`;

export function renderLockFile({ images, environments }: LockFile): string {
  const tree = { version: 1, environments, images };
  return head + dump(tree, { sortKeys: false, lineWidth: -1, noRefs: true, flowLevel: -1 });
}

/** Throws UserError `bad-lock`. */
export function parseLockFile(text: string, file: string): LockFile {
  const wrong = (what: string) =>
    new UserError('bad-lock', `${file} is no lock file: ${what}.`, [
      'devenv lock writes it anew; the old one is in your repo.',
    ]);
  let tree: unknown;
  try {
    tree = load(text);
  } catch (error) {
    throw wrong((error as Error).message.split('\n')[0]!);
  }
  const { version, images, environments } = (tree ?? {}) as Partial<LockFile> & { readonly version?: unknown };
  if (version !== 1) throw wrong(`its version is ${String(version)}, and this devenv reads version 1`);
  if (!isTree(images) || !isTree(environments)) throw wrong('it needs "images:" and "environments:"');
  for (const [name, image] of Object.entries(images))
    if (!/^sha256:[0-9a-f]{64}$/.test((image as LockedImage | null)?.digest ?? ''))
      throw wrong(`the digest of ${name} is not a sha256`);
  return { images, environments };
}

const isTree = (value: unknown): value is Readonly<Record<string, never>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys in the order of their names, and images that nobody uses left out. */
export function tidyLockFile({ images, environments }: LockFile): LockFile {
  const used = new Set(
    Object.values(environments).flatMap((services) =>
      Object.values(services).flatMap(({ image, bases = [] }) => (image === undefined ? bases : [image, ...bases])),
    ),
  );
  return {
    images: sorted(images, (name) => used.has(name)),
    environments: Object.fromEntries(
      Object.entries(sorted(environments)).map(([name, services]) => [name, sorted(services)]),
    ),
  };
}

function sorted<T>(tree: Readonly<Record<string, T>>, keep: (key: string) => boolean = () => true): Record<string, T> {
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([key]) => keep(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
