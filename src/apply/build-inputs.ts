/** Secrets, agents, named contexts and the like of a build: what Docker's parameters cannot say and our engine takes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { UserError } from '../errors.js';
import { type BuildFlags, noBuildFlags, type SecretSource, type Ulimit } from '../model/build-flags.js';
import { parseBytes } from '../model/bytes.js';
import { imageName } from '../model/names.js';
import type { Project, Service } from '../model/project.js';
import type { ApplyContext } from './context.js';
import { providedSecret } from './secret-provider.js';

export interface BuildInputs {
  readonly query: Readonly<Record<string, string | number | boolean | object | undefined>>;
  /** Id → base64. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Throws UserError for a secret or an agent that is not there, and for what the engine's builder would pass over.
 * `knows`: of BuildKit's parameters.
 */
export async function buildInputs(
  service: Service,
  context: ApplyContext,
  knows: 'all' | 'but ours' | 'none',
): Promise<BuildInputs> {
  const flags = context.build.flags ?? noBuildFlags;
  const own = configSecrets(service, context.project);
  const secrets = {
    ...(await readSecrets([...own, ...flags.secrets], context)),
    ...(await providedSecrets(service, context)),
  };
  const contexts = { ...namedContexts(service, context.project), ...flags.contexts };
  const ssh = { ...sshAgents(service, context), ...flags.ssh };
  const filter = [...list(service.build?.no_cache_filter), ...flags.noCacheFilter];
  const allowed = [
    ...list(service.build?.entitlements),
    ...(service.build?.privileged ? ['security.insecure'] : []),
    ...flags.allow,
  ];
  const ulimits = [...configUlimits(service), ...flags.ulimits];
  const inputs = {
    query: {
      ...given(flags, service.name),
      ...filled('contexts', contexts),
      ...filled('ssh', ssh),
      ...(filter.length ? { nocachefilter: filter.join(',') } : {}),
      ...(ulimits.length
        ? { ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }
        : {}),
      ...caches(service, flags),
      ...(flags.provenance ? { provenance: flags.provenance } : {}),
      ...(allowed.length ? { entitlements: allowed } : {}),
      ...(flags.sbom ? { sbom: true } : {}),
      ...(flags.annotations ? { annotations: flags.annotations } : {}),
      labels: flags.labels,
      ...(flags.reproducible ? await reproducible(service, context) : {}),
    },
    secrets,
  };
  if (knows === 'none') refuseUnknown(service.name, inputs, Object.keys(ours), context);
  if (knows === 'but ours') refuseUnknown(service.name, { ...inputs, secrets: {} }, ['rewritetimestamps'], context);
  return inputs;
}

/** Parameters that only our engine knows, and what people call them. */
const ours: Readonly<Record<string, string>> = {
  contexts: 'named contexts (additional_contexts, --build-context)',
  ssh: 'ssh agents',
  nocachefilter: 'no_cache_filter',
  cacheto: 'cache_to',
  provenance: 'provenance',
  sbom: 'lists of packages (--sbom)',
  annotations: '--annotation',
  rewritetimestamps: '--reproducible',
  entitlements: 'entitlements (--allow)',
};

/** The classic builder behind `POST /build` of other engines takes no notice of parameters that it does not know. */
function refuseUnknown(
  service: string,
  { query, secrets }: BuildInputs,
  unknown: readonly string[],
  { locate }: ApplyContext,
): void {
  const told = unknown.filter((key) => query[key] !== undefined);
  const typed = unknown.includes('cacheto') && list(query.cachefrom).some((place) => place.includes('type='));
  const names = [
    ...(Object.keys(secrets).length > 0 ? ['secrets'] : []),
    ...told.map((key) => ours[key]!),
    ...(typed ? ['cache_from with a type'] : []),
  ];
  if (names.length === 0) return;
  throw new UserError(
    'build-engine',
    `The build of service "${service}" asks for what this engine cannot do: ${names.join(', ')}.`,
    ['Build with the engine of devenv (leave out --engine), install docker buildx, or take it out of the build.'],
    locate(`services.${service}.build`),
  );
}

/** Times are the shell's SOURCE_DATE_EPOCH or the last commit's; the epoch's where there is neither. */
async function reproducible({ build }: Service, { env }: Pick<ApplyContext, 'env'>) {
  const committed = async () => {
    const git = execa('git', ['-C', build!.context, 'log', '-1', '--format=%ct'], { reject: false });
    return /^\d+$/.exec((await git).stdout ?? '')?.[0];
  };
  const epoch = env.SOURCE_DATE_EPOCH || (await committed()) || '0';
  return { rewritetimestamps: true, buildargs: { SOURCE_DATE_EPOCH: epoch } };
}

/** Folders of caches as absolute paths: the engine has another working directory. */
function caches({ build }: Service, flags: BuildFlags) {
  const absolute = (text: string) =>
    text.replace(/\b(src|dest)=([^,]+)/g, (_, key, folder) => `${key}=${path.resolve(folder)}`);
  const from = [...list(build?.cache_from), ...flags.cacheFrom].map(absolute);
  const to = [...list(build?.cache_to), ...flags.cacheTo].map(absolute);
  return { ...(from.length ? { cachefrom: from } : {}), ...(to.length ? { cacheto: to } : {}) };
}

/** Flags that take the place of a parameter of the config. */
function given({ target, targetOf = [], platform, network, shmBytes, addHosts }: BuildFlags, service: string) {
  const isAsked = targetOf.length === 0 || targetOf.includes(service);
  return {
    ...(target && isAsked ? { target } : {}),
    ...(platform ? { platform } : {}),
    ...(network ? { networkmode: network } : {}),
    ...(shmBytes ? { shmsize: shmBytes } : {}),
    ...(addHosts.length ? { extrahosts: addHosts.map((one) => one.replace('=', ':')).join(',') } : {}),
  };
}

const filled = (key: string, values: Readonly<Record<string, string>>) =>
  Object.keys(values).length ? { [key]: values } : {};

const list = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

/** `service:NAME` is the image of another service of the project. */
function namedContexts({ build }: Service, project: Project): Record<string, string> {
  const contexts = (build?.additional_contexts ?? {}) as Readonly<Record<string, string>>;
  return Object.fromEntries(
    Object.entries(contexts).map(([name, value]) => {
      const other = value.startsWith('service:') ? project.services[value.slice('service:'.length)] : undefined;
      return [name, other ? `docker-image://${imageName(project, other)}` : value];
    }),
  );
}

function configSecrets({ build }: Service, project: Project): SecretSource[] {
  const uses = (build?.secrets ?? []) as readonly (string | { source: string; target?: string })[];
  return uses.flatMap((use): SecretSource[] => {
    const source = typeof use === 'string' ? use : use.source;
    const id = typeof use === 'string' ? use : (use.target ?? use.source);
    const secret = project.secrets[source];
    if (secret?.file !== undefined) return [{ id: path.basename(id), file: secret.file }];
    const included = project.includedValues?.[`secrets.${source}`];
    if (included !== undefined) return [{ id: path.basename(id), content: included }];
    if (secret?.environment !== undefined) return [{ id: path.basename(id), variable: secret.environment }];
    return secret?.content === undefined ? [] : [{ id: path.basename(id), content: secret.content }];
  });
}

/** Those of the config that come from a provider. */
async function providedSecrets({ build }: Service, context: ApplyContext): Promise<Record<string, string>> {
  const uses = (build?.secrets ?? []) as readonly { source: string; target?: string }[];
  const given: Record<string, string> = {};
  for (const { source, target } of uses) {
    const provider = context.project.secretProviders?.[source];
    if (!provider) continue;
    given[path.basename(target ?? source)] = (await providedSecret(source, provider, context)).toString('base64');
  }
  return given;
}

async function readSecrets(
  sources: readonly SecretSource[],
  { env }: Pick<ApplyContext, 'env'>,
): Promise<Record<string, string>> {
  const read = sources.map(async (one) => [one.id, (await secretBytes(one, env)).toString('base64')] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function secretBytes(source: SecretSource, env: Readonly<Record<string, string | undefined>>): Promise<Buffer> {
  if ('content' in source) return Buffer.from(source.content);
  if ('variable' in source) return Buffer.from(env[source.variable] ?? '');
  try {
    return await readFile(source.file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw new UserError('build-secret', `The secret "${source.id}" cannot be read from ${source.file}: ${why}.`, [
      'Name a file that is there, or use env=VARIABLE.',
    ]);
  }
}

/** `default`, or `id=socket`; without a socket the shell's agent. */
function sshAgents({ build }: Service, { env }: Pick<ApplyContext, 'env'>): Record<string, string> {
  const keys = list(build?.ssh);
  return Object.fromEntries(keys.map((key) => parseSsh(key, env.SSH_AUTH_SOCK)));
}

/** Throws UserError when an agent is meant and none runs. */
export function parseSsh(text: string, agent: string | undefined): [string, string] {
  const at = text.indexOf('=');
  const id = at < 0 ? text : text.slice(0, at);
  const socket = at < 0 ? agent : path.resolve(text.slice(at + 1));
  if (socket) return [id, socket];
  throw new UserError('build-ssh', `--ssh "${text}": invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`, [
    'Start one with `eval $(ssh-agent)` and `ssh-add`, or name its socket: default=/path/to/agent.sock',
  ]);
}

function configUlimits({ build }: Service): Ulimit[] {
  const limits = (build?.ulimits ?? {}) as Readonly<Record<string, number | { soft: number; hard: number }>>;
  return Object.entries(limits).map(([name, value]) =>
    typeof value === 'object' ? { name, soft: value.soft, hard: value.hard } : { name, soft: value, hard: value },
  );
}

/** `512m`. Throws UserError. */
export function parseSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new UserError('bad-size', `"${text}" is no size: use 512m or 2g`);
  return bytes;
}
