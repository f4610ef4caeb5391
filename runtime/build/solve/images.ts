import { EngineError } from '../../errors.js';
import { familiarReference, parseReference } from '../../images/reference.js';
import type { Image, Platform, RegistryAuth } from '../../images/types.js';
import { contextName } from '../graph/graph.js';
import { platformFits } from '../graph/platform.js';
import type { BuildEvent, BuilderOptions, BuildOptions } from '../types.js';

export interface ImageRequest {
  readonly name: string;
  readonly platform: Platform;
  /** Asked for by name, so that an image for another machine will not do. */
  readonly strict: boolean;
}

/** The image that is here, or else the registry's; `pull` always asks the registry. */
export async function baseImage(
  tools: Pick<BuilderOptions, 'images'>,
  options: Pick<BuildOptions, 'pull' | 'auths' | 'ask' | 'contextImages'>,
  { name: written, platform, strict }: ImageRequest,
  { emit, signal }: { emit: (event: BuildEvent) => void; signal: AbortSignal },
): Promise<Image> {
  const name = givenContext(options.contextImages, written) ?? written;
  const id = ID.test(name);
  const found = tools.images.find(id ? name : familiarReference(parseReference(name)), platform);
  const fits = found !== undefined && (!strict || platformFits(found.platform, platform));
  if (fits && (!options.pull || id)) return found;
  const reference = parseReference(name);
  emit({ kind: 'pull', status: `Pulling ${familiarReference(reference)}` });
  const auth = authFor(reference.registry, options.auths) ?? (await options.ask?.auth(reference.registry));
  return tools.images.pull(reference, {
    ...(strict ? { platform } : {}),
    ...(auth === undefined ? {} : { auth }),
    onProgress: (event) => emit({ kind: 'pull', ...event }),
    signal,
  });
}

/** What the client gave under a name, however it wrote it. */
export function givenContext(given: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return Object.entries(given ?? {}).find(([key]) => contextName(key) === contextName(name))?.[1];
}

/** An id, whole or as it is shown; shorter ones are names. An id names no image of a registry. */
const ID = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/;

const HUB_NAMES = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** Clients name registries by host or by an old URL (`https://index.docker.io/v1/`). */
export function authFor(registry: string, auths: Readonly<Record<string, RegistryAuth>>): RegistryAuth | undefined {
  const host = (key: string) => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const names = HUB_NAMES.includes(registry) ? HUB_NAMES : [registry];
  return Object.entries(auths).find(([key]) => names.includes(host(key)))?.[1];
}

/** Throws `invalid` for a tag that is no reference, before any work is done. */
export function checkTags(tags: readonly string[]): void {
  for (const tag of tags) {
    if (parseReference(tag).digest !== undefined)
      throw new EngineError('invalid', `invalid tag "${tag}": refusing to create a tag with a digest reference`);
  }
}
