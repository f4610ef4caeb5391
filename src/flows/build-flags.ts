/** The words of `devenv build`'s flags → what they mean. */
import path from 'node:path';
import { parseSize, parseSsh } from '../apply/build-inputs.js';
import { UserError } from '../errors.js';
import type { BuildFlags, BuildOutput, SecretSource, Ulimit } from '../model/build-flags.js';

export interface BuildWords {
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly network?: string | undefined;
  readonly label?: readonly string[] | undefined;
  readonly 'no-cache-filter'?: readonly string[] | undefined;
  readonly 'build-context'?: readonly string[] | undefined;
  readonly secret?: readonly string[] | undefined;
  readonly ssh?: readonly string[] | undefined;
  readonly 'add-host'?: readonly string[] | undefined;
  readonly ulimit?: readonly string[] | undefined;
  readonly 'shm-size'?: string | undefined;
  readonly 'cache-from'?: readonly string[] | undefined;
  readonly 'cache-to'?: readonly string[] | undefined;
  readonly provenance?: string | undefined;
  readonly sbom?: boolean | undefined;
  readonly annotation?: readonly string[] | undefined;
  readonly reproducible?: boolean | undefined;
  readonly allow?: readonly string[] | undefined;
}

/** Throws UserError `bad-flag`. */
export function readBuildFlags(words: BuildWords, env: Readonly<Record<string, string | undefined>>): BuildFlags {
  const shmBytes = parseSize(words['shm-size']);
  return {
    ...(words.target ? { target: words.target } : {}),
    ...onePlatform(words.platform),
    ...(words.network ? { network: words.network } : {}),
    ...(shmBytes === undefined ? {} : { shmBytes }),
    labels: Object.fromEntries((words.label ?? []).map((text) => splitPair(text))),
    noCacheFilter: (words['no-cache-filter'] ?? []).flatMap((text) => text.split(',')),
    contexts: Object.fromEntries((words['build-context'] ?? []).map(namedContext)),
    secrets: (words.secret ?? []).map((text) => parseSecret(text, env)),
    ssh: Object.fromEntries((words.ssh ?? []).map((text) => parseSsh(text, env.SSH_AUTH_SOCK))),
    addHosts: words['add-host'] ?? [],
    ulimits: (words.ulimit ?? []).map(parseUlimit),
    ...provenance(words.provenance),
    sbom: words.sbom ?? false,
    ...(words.annotation?.length ? { annotations: words.annotation } : {}),
    cacheFrom: words['cache-from'] ?? [],
    cacheTo: words['cache-to'] ?? [],
    reproducible: words.reproducible ?? false,
    allow: (words.allow ?? []).map(parseEntitlement),
  };
}

function onePlatform(text: string | undefined): Pick<BuildFlags, 'platform'> {
  if (!text) return {};
  if (!text.includes(',')) return { platform: text };
  throw new UserError('several-platforms', `A build makes an image for one platform, and --platform says "${text}".`, [
    'Build once for each platform, each with a tag of its own.',
  ]);
}

/** `true`, `max`, `mode=max`, `false`. */
function provenance(text: string | undefined): Pick<BuildFlags, 'provenance'> {
  if (text === undefined || text === 'false') return {};
  const mode = text.replace(/^mode=/, '');
  if (mode === 'max') return { provenance: 'max' };
  if (mode === 'min' || mode === 'true') return { provenance: 'min' };
  throw badFlag('--provenance', text, 'true, min or max');
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function namedContext(text: string): [string, string] {
  const [name, value] = splitPair(text);
  if (name === '' || value === '') throw badFlag('--build-context', text, 'NAME=FOLDER, NAME=docker-image://IMAGE');
  if (value.startsWith('oci-layout://')) return [name, `oci-layout://${path.resolve(value.slice(13))}`];
  return [name, isElsewhere(value) ? value : path.resolve(value)];
}

const isElsewhere = (value: string) => /^[\w-]+:\/\/|^github\.com\/|^[\w.-]+@[\w.-]+:/.test(value);

const fieldsOf = (text: string) => new Map(text.split(',').map((field) => splitPair(field)));

/** `id=ID[,src=FILE|,env=VARIABLE]`, as the docker command takes it: without either a variable of that name, else a file. */
function parseSecret(text: string, env: Readonly<Record<string, string | undefined>>): SecretSource {
  const fields = fieldsOf(text);
  const id = fields.get('id');
  if (!id) throw badFlag('--secret', text, 'id=NAME,src=FILE or id=NAME,env=VARIABLE');
  const variable = fields.get('env');
  const file = fields.get('src') ?? fields.get('source');
  if (variable !== undefined || (fields.get('type') === 'env' && file !== undefined))
    return { id, variable: variable ?? file! };
  if (file !== undefined) return { id, file: path.resolve(file) };
  return env[id] === undefined ? { id, file: path.resolve(id) } : { id, variable: id };
}

const ENTITLEMENTS = ['network.host', 'security.insecure'];

function parseEntitlement(text: string): string {
  if (ENTITLEMENTS.includes(text)) return text;
  throw badFlag('--allow', text, ENTITLEMENTS.join(' or '));
}

function parseUlimit(text: string): Ulimit {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw badFlag('--ulimit', text, 'nofile=1024:2048');
  return { name: match[1]!, soft: Number(match[2]), hard: Number(match[3] ?? match[2]) };
}

const TYPES = ['local', 'tar', 'oci', 'docker', 'image', 'registry'] as const;

/** `type=local,dest=FOLDER`; a plain path is a folder, `-` a tar on standard output. Throws UserError. */
export function parseOutput(text: string): BuildOutput {
  const none = { name: undefined, push: false, tar: true };
  if (text === '-') return { ...none, type: 'tar', dest: '-' };
  if (!text.includes('=')) return { ...none, type: 'local', dest: path.resolve(text) };
  const fields = fieldsOf(text);
  const type = TYPES.find((one) => one === fields.get('type'));
  const dest = fields.get('dest');
  if (type === undefined) throw badFlag('--output', text, `type=${TYPES.join('|')}`);
  if (dest === undefined && (type === 'local' || type === 'tar' || type === 'oci'))
    throw badFlag('--output', text, `type=${type},dest=PATH`);
  return {
    type,
    dest: dest === undefined || dest === '-' ? dest : path.resolve(dest),
    name: fields.get('name'),
    push: type === 'registry' || fields.get('push') === 'true',
    tar: fields.get('tar') !== 'false',
  };
}

function badFlag(flag: string, text: string, form: string): UserError {
  return new UserError('bad-flag', `${flag} "${text}" cannot be read.`, [`Write it like ${form}`]);
}
