/** The options of `dockerfile.v0`, as clients send them: text under names, lists in commas. */
import type { BuildOptions } from '../../../engine/build-context.js';
import { parsePlatform } from '../../../engine/images.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { StringMap } from '../proto/messages.js';

export type NamedContext =
  | { readonly kind: 'local'; readonly name: string; readonly folder: string }
  | { readonly kind: 'image'; readonly name: string; readonly image: string }
  | { readonly kind: 'input'; readonly name: string; readonly input: string }
  | { readonly kind: 'remote'; readonly name: string; readonly url: string };

export interface FrontendRequest {
  /** Path of the Dockerfile in the folder that it comes from. */
  readonly dockerfile: string;
  /** Names of the client's folders. */
  readonly folders: { readonly dockerfile: string; readonly context: string };
  /** The Dockerfile is the client's, wherever the context comes from. */
  readonly ownDockerfile: boolean;
  /** URL of a context that is no folder of the client's. */
  readonly remote: string | undefined;
  readonly namedContexts: readonly NamedContext[];
  /** A question about the Dockerfile in place of a build. */
  readonly question: string | undefined;
  readonly options: Omit<BuildOptions, 'contextDirectory' | 'dockerfile' | 'tags' | 'auths' | 'ask'>;
  /** By folder: a session of its own, and what tells the folder apart. */
  readonly sessionOf: (folder: string) => string | undefined;
  readonly hintOf: (folder: string) => string | undefined;
}

/** Throws `InvalidArgument` for a value that is none. */
export function readAttributes(attributes: StringMap): FrontendRequest {
  const remote = attributes.context;
  return {
    dockerfile: attributes.filename || 'Dockerfile',
    folders: { dockerfile: attributes.dockerfilekey || 'dockerfile', context: attributes.contextkey || 'context' },
    ownDockerfile: attributes.dockerfilekey !== undefined,
    remote: remote === undefined || remote === '' ? undefined : remote,
    namedContexts: namedContexts(attributes),
    question: attributes.requestid || undefined,
    options: buildOptions(attributes),
    sessionOf: (folder) => attributes[`local-sessionid:${folder}`],
    hintOf: (folder) => attributes[`local-sharedkeyhint:${folder}`],
  };
}

function buildOptions(attributes: StringMap): FrontendRequest['options'] {
  const target = attributes.target;
  const platform = onePlatform(attributes.platform ?? '');
  const noCache = attributes['no-cache'];
  const shmBytes = Number(attributes['shm-size'] ?? 0);
  return {
    ...(target ? { target } : {}),
    ...(platform ? { platform } : {}),
    buildArgs: withPrefix(attributes, 'build-arg:'),
    labels: withPrefix(attributes, 'label:'),
    noCache: noCache === '',
    ...(noCache ? { noCacheFilter: listOf(noCache).map((stage) => stage.toLowerCase()) } : {}),
    pull: attributes['image-resolve-mode'] === 'pull',
    network: networkOf(attributes['force-network-mode'] ?? ''),
    extraHosts: listOf(attributes['add-hosts']).map(hostEntry),
    ...(shmBytes > 0 ? { shmBytes } : {}),
    ulimits: listOf(attributes.ulimit).map(readUlimit),
    cgroupParent: attributes['cgroup-parent'] ?? '',
  };
}

function onePlatform(text: string) {
  if (text.includes(','))
    throw new GrpcError(
      codes.unknown,
      'Multi-platform build is not supported: this engine keeps images of one platform each. Build the platforms one by one',
    );
  return parsePlatform(text);
}

const networkOf = (mode: string) => (mode === '' || mode === 'sandbox' ? 'default' : mode);

/** `host=address`, as BuildKit has it; the engine's way is `host:address`. */
function hostEntry(text: string): string {
  const at = text.indexOf('=');
  return at < 0 ? text : `${text.slice(0, at)}:${text.slice(at + 1)}`;
}

/** `nofile=1024:2048`, `nofile=1024`. */
function readUlimit(text: string): { name: string; soft: number; hard: number } {
  const found = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!found) throw new GrpcError(codes.invalidArgument, `invalid ulimit argument: ${text}`);
  const soft = Number(found[2]);
  return { name: found[1]!, soft, hard: found[3] === undefined ? soft : Number(found[3]) };
}

function withPrefix(attributes: StringMap, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );
}

/** One line of CSV: fields may be quoted, a quote inside is doubled. */
export function listOf(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  const fields = text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  return fields.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
}

function namedContexts(attributes: StringMap): NamedContext[] {
  return Object.entries(withPrefix(attributes, 'context:')).map(([key, value]) => {
    // `NAME::PLATFORM` is a context for that platform: one is built for at a time.
    const name = key.split('::')[0]!;
    const at = value.indexOf(':');
    const [scheme, rest] = [value.slice(0, at), value.slice(at + 1)];
    if (scheme === 'local') return { kind: 'local', name, folder: rest };
    if (scheme === 'input') return { kind: 'input', name, input: rest };
    if (scheme === 'docker-image') return { kind: 'image', name, image: rest.replace(/^\/\//, '') };
    if (scheme === 'oci-layout')
      throw new GrpcError(
        codes.unknown,
        `context ${name}: OCI layouts are not supported as a build context; load the image and name it with docker-image://`,
      );
    return { kind: 'remote', name, url: value };
  });
}
