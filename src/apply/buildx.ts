/**
 * Docker's BuildKit by Docker's own command for it: behind `POST /build` an engine that is not ours has the classic
 * builder, which knows neither `RUN --mount` nor secrets nor named contexts. Compose builds by the same command.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { EngineClient } from '../engine/client.js';
import type { Address } from '../engine/http.js';
import type { ContextPlace } from './build-context.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the docker command looks for its plugins; its own folder first. */
const pluginFolders = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

/** The plugin's file, where it is installed and the engine has BuildKit (Podman's answers like Docker's and has none). */
export async function findBuildx(engine: EngineClient, env: Env): Promise<string | undefined> {
  if (engine.own || env.DOCKER_BUILDKIT === '0') return undefined;
  const own = env.DOCKER_CONFIG ?? path.join(env.HOME ?? os.homedir(), '.docker');
  const file = [path.join(own, 'cli-plugins'), ...pluginFolders]
    .map((folder) => path.join(folder, 'docker-buildx'))
    .find((one) => existsSync(one));
  if (file === undefined) return undefined;
  const ping = await engine.stream('GET', '/_ping');
  ping.resume();
  return ping.headers['builder-version'] === '2' ? file : undefined;
}

export interface BuildxBuild {
  readonly buildx: string;
  readonly address: Address;
  readonly env: Env;
  readonly place: ContextPlace;
  /** As `POST /build` takes them. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Id → base64. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Undefined: the engine's own. */
  readonly builder: string | undefined;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Gives the image's ID. Throws BuildxFailed with what the builder said last. */
export async function buildWithBuildx(build: BuildxBuild): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'devenv-build-'));
  try {
    const idFile = path.join(folder, 'id');
    const files = [...(await placeArguments(build.place, folder)), ...(await secretArguments(build.secrets, folder))];
    const words = ['build', '--progress', 'plain', '--load', '--iidfile', idFile];
    const builder = ['--builder', build.builder ?? 'default'];
    await runBuildx(build, [...words, ...builder, ...queryArguments(build.query), ...files]);
    return (await readFile(idFile, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runBuildx({ buildx, address, env, signal, onLine }: BuildxBuild, words: readonly string[]) {
  const host = 'socketPath' in address ? `unix://${address.socketPath}` : `tcp://${address.host}:${address.port}`;
  const child = execa(buildx, words, {
    env: { ...env, DOCKER_HOST: host, DOCKER_CONTEXT: undefined },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    cancelSignal: signal,
  });
  let last = '';
  for await (const line of child.iterable({ from: 'all' })) {
    if (line.startsWith('ERROR: ')) last = line.slice('ERROR: '.length);
    onLine(line);
  }
  const { exitCode } = await child;
  signal.throwIfAborted();
  if (exitCode !== 0) throw new BuildxFailed(last || `docker buildx ended with ${exitCode}`);
}

/** What the builder said of its failure; the lines before it were handed on. */
export class BuildxFailed extends Error {
  override readonly name = 'BuildxFailed';
}

/** The context, and the Dockerfile that is in it or has a file made of its text. */
async function placeArguments(place: ContextPlace, folder: string): Promise<string[]> {
  if ('remote' in place) return ['--file', place.dockerfile, place.remote];
  const text = place.extra[place.dockerfile];
  const file = text === undefined ? path.join(place.root, place.dockerfile) : path.join(folder, 'Dockerfile');
  if (text !== undefined) await writeFile(file, text);
  return ['--file', file, place.root];
}

async function secretArguments(secrets: BuildxBuild['secrets'], folder: string): Promise<string[]> {
  const words: string[] = [];
  for (const [index, [id, content]] of Object.entries(secrets).entries()) {
    const file = path.join(folder, `secret-${index}`);
    await writeFile(file, Buffer.from(content, 'base64'), { mode: 0o600 });
    words.push('--secret', `id=${id},src=${file}`);
  }
  return words;
}

/** Parameters of `POST /build` that are one flag each. */
const plainFlags: Readonly<Record<string, string>> = {
  t: '--tag',
  target: '--target',
  networkmode: '--network',
  platform: '--platform',
  shmsize: '--shm-size',
};

/** Parameters that hold several: each becomes a flag of its own. */
const pairFlags: Readonly<Record<string, string>> = { labels: '--label', contexts: '--build-context', ssh: '--ssh' };
const listFlags: Readonly<Record<string, string>> = {
  cachefrom: '--cache-from',
  cacheto: '--cache-to',
  entitlements: '--allow',
};

export function queryArguments(query: Readonly<Record<string, unknown>>): string[] {
  const words: string[] = [];
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (plainFlags[key]) words.push(plainFlags[key], String(value));
    else if (pairFlags[key])
      for (const [name, one] of Object.entries(value as object)) words.push(pairFlags[key], `${name}=${one}`);
    else if (listFlags[key]) for (const one of [value].flat()) words.push(listFlags[key], String(one));
    else words.push(...otherArguments(key, value));
  }
  return words;
}

function otherArguments(key: string, value: unknown): string[] {
  switch (key) {
    case 'buildargs':
      return Object.entries(value as Record<string, string | null>).flatMap(([name, one]) =>
        one === null ? [] : ['--build-arg', `${name}=${one}`],
      );
    case 'nocache':
      return value ? ['--no-cache'] : [];
    case 'pull':
      return value ? ['--pull'] : [];
    case 'nocachefilter':
      return ['--no-cache-filter', String(value)];
    case 'extrahosts':
      return String(value)
        .split(',')
        .flatMap((host) => ['--add-host', host.replace(':', '=')]);
    case 'ulimits':
      return (value as readonly { Name: string; Soft: number; Hard: number }[]).flatMap((limit) => [
        '--ulimit',
        `${limit.Name}=${limit.Soft}:${limit.Hard}`,
      ]);
    case 'provenance':
      return ['--provenance', `mode=${value}`];
    case 'sbom':
      return ['--sbom', 'true'];
    case 'annotations':
      return (value as readonly string[]).flatMap((one) => ['--annotation', one]);
    default:
      return [];
  }
}
