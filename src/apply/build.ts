import { Readable } from 'node:stream';
import { buildImage, tagImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import { parseBytes } from '../model/bytes.js';
import { composeLabel } from '../model/labels.js';
import type { Step } from '../model/plan.js';
import type { Build, Service } from '../model/project.js';
import { findContext } from './build-context.js';
import { type BuildInputs, buildInputs } from './build-inputs.js';
import { type BuildSource, buildSource } from './build-source.js';
import { BuildxFailed, buildWithBuildx, findBuildx } from './buildx.js';
import type { ApplyContext, OpOf } from './context.js';
import { registryConfig } from './registry-auth.js';

const tailLines = 20;

/** Sends the context to the engine's builder and hands its output on; a failure carries the last of it. */
export async function buildServiceImage(
  { service: name, image }: OpOf<'image.build'>,
  context: ApplyContext,
  step: Step,
): Promise<void> {
  const service = context.project.services[name]!;
  const build = service.build!;
  const buildx = await findBuildx(context.engine, context.env);
  const inputs = await buildInputs(service, context, context.engine.own ? 'all' : buildx ? 'but ours' : 'none');
  if (buildx) return buildBeside(buildx, inputs, { service, image }, context, step);
  const source = await buildSource(name, context);
  const query = mergeQueries(buildQuery(service, build, image, context), inputs.query, source.query);
  const sent = withSecrets(source, inputs.secrets);
  const sending = {
    headers: sent.headers,
    signal: context.signal,
    registryConfig: await registryConfig(context.env),
  };
  const tail: string[] = [];
  context.images.delete(image);
  const { platforms = [] } = build as { readonly platforms?: readonly string[] };
  if (platforms.length > 1)
    context.emit({
      kind: 'plan.step.progress',
      step,
      text: `of the platforms ${platforms.join(', ')} only ${query.platform} is built here`,
    });
  for await (const line of buildImage(context.engine, query, sent.body, sending)) {
    if (line.error !== undefined) throw buildFailed(name, line.errorDetail?.message ?? line.error, tail, context);
    const text = line.stream ?? line.status;
    if (line.aux?.ID) context.images.set(image, line.aux.ID);
    if (!text?.trim()) continue;
    for (const one of text.trimEnd().split('\n')) tail.push(one);
    tail.splice(0, Math.max(0, tail.length - tailLines));
    context.emit({ kind: 'plan.step.progress', step, text: text.trimEnd(), ...(line.id ? { id: line.id } : {}) });
  }
  for (const tag of build.tags ?? []) await tagImage(context.engine, image, tag);
}

/** By Docker's command, on an engine that has BuildKit. */
async function buildBeside(
  buildx: string,
  { query, secrets }: BuildInputs,
  { service, image }: { readonly service: Service; readonly image: string },
  context: ApplyContext,
  step: Step,
): Promise<void> {
  const { engine, env, signal, locate } = context;
  const tail: string[] = [];
  const onLine = (text: string) => {
    if (!text.trim()) return;
    tail.push(text);
    tail.splice(0, Math.max(0, tail.length - tailLines));
    context.emit({ kind: 'plan.step.progress', step, text });
  };
  const build = service.build!;
  const place = await findContext(build, locate, service.name);
  const all = mergeQueries(buildQuery(service, build, image, context), query, {});
  const { builder } = context.build;
  context.images.delete(image);
  try {
    const wish = { place, query: all, secrets, builder };
    const id = await buildWithBuildx({ ...wish, buildx, address: engine.address, env, signal, onLine });
    context.images.set(image, id);
  } catch (error) {
    if (error instanceof BuildxFailed) throw buildFailed(service.name, error.message, tail, context);
    throw error;
  }
  for (const tag of build.tags ?? []) await tagImage(engine, image, tag);
}

/** Secrets go in the body, which has room for them: our engine is sent no files. */
function withSecrets(
  { body, text }: BuildSource,
  secrets: BuildInputs['secrets'],
): { readonly body: Readable; readonly headers: Readonly<Record<string, string>> } {
  if (Object.keys(secrets).length === 0) return { body, headers: {} };
  const said = JSON.stringify({ ...(text === undefined ? {} : { dockerfile: text }), secrets });
  return { body: Readable.from([said]), headers: { 'content-type': 'application/vnd.devenv.build+json' } };
}

/** What flags say wins over the config; labels and arguments of both go together. */
function mergeQueries(
  config: ReturnType<typeof buildQuery>,
  inputs: BuildInputs['query'],
  source: Readonly<Record<string, string | undefined>>,
) {
  const labels = { ...config.labels, ...(inputs.labels as object) };
  const buildargs = { ...config.buildargs, ...(inputs.buildargs as object) };
  return { ...config, ...inputs, ...source, labels, buildargs };
}

function buildQuery(
  service: Service,
  build: Build,
  image: string,
  { project, version, build: settings, env }: ApplyContext,
) {
  const labels = {
    ...build.labels,
    [composeLabel.project]: project.name,
    [composeLabel.service]: service.name,
    [composeLabel.version]: version,
  };
  return {
    t: image,
    target: build.target,
    buildargs: { ...buildArguments(build.args, env), ...settings.args },
    labels,
    networkmode: build.network,
    nocache: build.no_cache || settings.noCache || undefined,
    pull: build.pull || settings.pull ? '1' : undefined,
    extrahosts: extraHosts(build.extra_hosts),
    memory: settings.memoryBytes,
    shmsize: parseBytes(build.shm_size as string | undefined),
    cachefrom: build.cache_from as readonly string[] | undefined,
    platform: platformOf(service, build),
    rm: true,
    forcerm: true,
    version: '1',
  };
}

/** Of several the one of this machine, as Compose chooses for `up`. */
function platformOf({ platform }: Service, { platforms }: Build): string | undefined {
  const listed = (platforms ?? []) as readonly string[];
  const here = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
  return (
    (platform as string | undefined) ?? listed.find((one) => one === here || one.startsWith(`${here}/`)) ?? listed[0]
  );
}

/** An argument without a value takes the shell's, and stays unset without one. */
function buildArguments(
  args: Build['args'],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | null> {
  return Object.fromEntries(Object.entries(args ?? {}).map(([key, value]) => [key, value ?? env[key] ?? null]));
}

function extraHosts(hosts: unknown): string | undefined {
  if (!hosts) return undefined;
  const entries = Array.isArray(hosts)
    ? hosts.map((entry) => String(entry).replace('=', ':'))
    : Object.entries(hosts as Record<string, unknown>).map(([host, address]) => `${host}:${address}`);
  return entries.join(',');
}

function buildFailed(service: string, sentence: string, tail: readonly string[], { locate }: ApplyContext): UserError {
  // our engine's sentence shows the Dockerfile's line and the last output itself
  const told = sentence.includes('\n') ? [] : tail.filter((line) => !sentence.includes(line.trim()));
  const output = told.map((line) => `\n  | ${line}`).join('');
  return new UserError(
    'build-failed',
    `The image of service "${service}" could not be built: ${sentence}${output}`,
    ['Mend the Dockerfile and run the command again; steps that succeeded are kept.'],
    locate(`services.${service}.build`),
  );
}
