import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../errors.js';
import type { Address } from './http.js';
import { type EnginePaths, type Environment, enginePaths } from './paths.js';

/** Whose engine: ours is started when it does not answer, another's is only spoken to. */
export type EngineChoice =
  | { readonly own: true; readonly address: Address; readonly paths: EnginePaths }
  | { readonly own: false; readonly address: Address; readonly name: string };

/**
 * `--engine` beats `DEVENV_ENGINE`; without both it is ours, whatever `DOCKER_HOST` says.
 * Takes `devenv`, `docker`, `podman`, or an address (`unix:///path`, `tcp://host:port`).
 */
export function locateEngine(flag: string | undefined, env: Environment, uid: number): EngineChoice {
  const wanted = flag ?? env.DEVENV_ENGINE ?? 'devenv';
  if (wanted === '' || wanted === 'devenv') {
    const paths = enginePaths(env, uid);
    return { own: true, address: { socketPath: paths.socket }, paths };
  }
  if (wanted === 'docker') return { own: false, address: parseAddress(dockerHost(env)), name: 'docker' };
  if (wanted === 'podman') return { own: false, address: { socketPath: podmanSocket(env, uid) }, name: 'podman' };
  return { own: false, address: parseAddress(wanted), name: wanted };
}

function parseAddress(text: string): Address {
  if (text.startsWith('unix://')) return { socketPath: text.slice('unix://'.length) };
  const tcp = /^(?:tcp|http):\/\/([^/:]+)(?::(\d+))?\/?$/.exec(text);
  if (tcp) return { host: tcp[1]!, port: Number(tcp[2] ?? 2375) };
  if (path.isAbsolute(text)) return { socketPath: text };
  throw new UserError('unknown-engine', `"${text}" names no engine.`, [
    'Use devenv, docker, podman, or an address such as unix:///run/other/docker.sock.',
  ]);
}

/** DOCKER_CONTEXT, then DOCKER_HOST, then the current context of the docker command, then its usual socket. */
function dockerHost(env: Environment): string {
  if (!env.DOCKER_CONTEXT && env.DOCKER_HOST) return env.DOCKER_HOST;
  const folder = env.DOCKER_CONFIG ?? path.join(env.HOME ?? '/', '.docker');
  const context = env.DOCKER_CONTEXT ?? currentContext(folder);
  if (!context || context === 'default') return 'unix:///var/run/docker.sock';
  const id = createHash('sha256').update(context).digest('hex');
  const file = path.join(folder, 'contexts/meta', id, 'meta.json');
  if (!existsSync(file)) {
    throw new UserError('unknown-context', `There is no docker context "${context}".`, ['docker context ls']);
  }
  const meta = JSON.parse(readFileSync(file, 'utf8')) as { Endpoints?: { docker?: { Host?: string } } };
  return meta.Endpoints?.docker?.Host ?? 'unix:///var/run/docker.sock';
}

function currentContext(folder: string): string | undefined {
  const file = path.join(folder, 'config.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { currentContext?: string }).currentContext;
}

function podmanSocket(env: Environment, uid: number): string {
  if (uid === 0) return '/run/podman/podman.sock';
  return path.join(env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`, 'podman/podman.sock');
}
