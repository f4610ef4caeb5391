/** Named contexts (`--build-context NAME=WHAT`): folders, images, image layouts, repositories and tarballs. */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { contextName } from '../build/graph/graph.js';
import { EngineError } from '../errors.js';
import { fetchRemote } from './build-context.js';
import type { Engine } from './engine.js';
import { loadLayout } from './image-layout.js';

export interface NamedContexts {
  /** Folders of this machine. */
  readonly contexts: Readonly<Record<string, string>>;
  /** References or ids. */
  readonly contextImages: Readonly<Record<string, string>>;
  discard(): Promise<void>;
}

type Taken = { readonly folder: string } | { readonly image: string };

/**
 * `docker-image://REF`, `oci-layout://FOLDER[:TAG][@DIGEST]`, an address, or a folder's absolute path (the client is on this
 * machine: it came through the socket). Throws `invalid` for anything else.
 */
export async function takeNamedContexts(
  engine: Engine,
  given: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<NamedContexts> {
  const parent = join(engine.foundations.paths.home, 'build', 'contexts');
  const made: string[] = [];
  const discard = async () => {
    await Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true })));
  };
  const fresh = async () => {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const folder = await mkdtemp(join(parent, 'named-'));
    made.push(folder);
    return folder;
  };
  try {
    const taken = await Promise.all(
      Object.entries(given).map(
        async ([name, text]) => [contextName(name), await take(engine, { name, text, signal, fresh })] as const,
      ),
    );
    const folders = taken.flatMap(([name, one]) => ('folder' in one ? [[name, one.folder] as const] : []));
    const images = taken.flatMap(([name, one]) => ('image' in one ? [[name, one.image] as const] : []));
    return { contexts: Object.fromEntries(folders), contextImages: Object.fromEntries(images), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

interface Wish {
  readonly name: string;
  readonly text: string;
  readonly signal: AbortSignal;
  readonly fresh: () => Promise<string>;
}

async function take(engine: Engine, { name, text, signal, fresh }: Wish): Promise<Taken> {
  if (text.startsWith('docker-image://')) return { image: text.slice('docker-image://'.length) };
  if (text.startsWith('oci-layout://')) return { image: await loadLayout(engine, text.slice('oci-layout://'.length)) };
  if (isAbsolute(text)) {
    const stats = await stat(text).catch(() => undefined);
    if (stats?.isDirectory()) return { folder: text };
    throw new EngineError('invalid', `failed to get build context ${name}: ${text} is not a directory`);
  }
  const remote = /^(https?|git|ssh):\/\/|^github\.com\/|^[\w.-]+@[\w.-]+:/.test(text);
  if (!remote) throw new EngineError('invalid', `unsupported context source ${text} for ${name}`);
  return { folder: await fetchRemote(engine, await fresh(), { remote: text, dockerfile: '', signal }) };
}
