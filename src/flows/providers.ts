/**
 * Services with `provider` (Compose Specification, "provider"): no containers, but a program of the machine that makes what the
 * service stands for, and tells the variables by which those that depend on it find that.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../errors.js';
import type { LoadedProject, Project, Service } from '../model/project.js';
import { inStartOrder } from '../plan/order.js';
import type { Session } from './session.js';

interface Provider {
  readonly type: string;
  readonly options?: Readonly<Record<string, readonly string[]>>;
}

export const providerOf = (service: Service): Provider | undefined =>
  (service as { readonly provider?: Provider }).provider;

/**
 * The project as it is once its providers are up: without their services, and with what they told in the environments of those
 * that depend on them. `wanted` are services; with `run: false` nothing is run. Throws UserError `provider-failed`.
 */
export async function withProviders(
  session: Session,
  loaded: LoadedProject,
  { wanted, run }: { readonly wanted: ReadonlySet<string>; readonly run: boolean },
): Promise<LoadedProject> {
  const providers = inStartOrder(loaded.project).filter((service) => providerOf(service) !== undefined);
  if (providers.length === 0) return loaded;
  const told = new Map<string, Record<string, string>>();
  for (const service of providers)
    if (run && wanted.has(service.name)) told.set(service.name, await callProvider(session, loaded, service, 'up'));
  const project = without(loaded.project, providers, told);
  const isForProvidersAlone = [...wanted].every((name) => project.services[name] === undefined);
  return { ...loaded, project: isForProvidersAlone ? { ...project, services: {} } : project };
}

/** Takes down what the project's providers made. */
export async function endProviders(session: Session, loaded: LoadedProject): Promise<void> {
  for (const service of inStartOrder(loaded.project).reverse())
    if (providerOf(service)) await callProvider(session, loaded, service, 'down');
}

function without(project: Project, providers: readonly Service[], told: ReadonlyMap<string, Record<string, string>>) {
  const names = new Set(providers.map(({ name }) => name));
  const kept = Object.values(project.services).filter(({ name }) => !names.has(name));
  const services = kept.map((service): [string, Service] => {
    const all = Object.entries(service.depends_on ?? {});
    const given = all.flatMap(([name]) => Object.entries(told.get(name) ?? {}));
    if (!all.some(([name]) => names.has(name))) return [service.name, service];
    const dependencies = Object.fromEntries(all.filter(([name]) => !names.has(name)));
    const environment = { ...service.environment, ...Object.fromEntries(given) };
    return [service.name, { ...service, depends_on: dependencies, environment }];
  });
  return {
    ...project,
    services: Object.fromEntries(services),
    disabledServices: [...project.disabledServices, ...names],
  };
}

/** Variables that it tells, named behind its service. */
async function callProvider(
  session: Session,
  { project, variables }: LoadedProject,
  service: Service,
  verb: 'up' | 'down',
): Promise<Record<string, string>> {
  const { type, options = {} } = providerOf(service)!;
  const flags = Object.entries(options).flatMap(([key, values]) => values.map((value) => `--${key}=${value}`));
  const words = ['compose', `--project-name=${project.name}`, verb, ...flags, service.name];
  const child = spawn(await programOf(type, variables), words, {
    cwd: project.workingDir,
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const told: Record<string, string> = {};
  const mistakes: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { type: kind, message = '' } = messageOf(line);
    if (kind === 'error') mistakes.push(message);
    else if (kind === 'info') await session.terminal.status(` ${service.name}  ${message}\n`);
    else if (kind === 'setenv') {
      const at = message.indexOf('=');
      if (at > 0) told[`${service.name.toUpperCase()}_${message.slice(0, at)}`] = message.slice(at + 1);
    }
  }
  const code = await ended;
  if (code === 0 && mistakes.length === 0) return told;
  const why = mistakes.length ? mistakes.join('; ') : `it ended with ${code}`;
  throw new UserError('provider-failed', `The provider "${type}" of service "${service.name}" failed: ${why}.`);
}

/** A line of its standard output is an object with `type` and `message`; anything else is left aside. */
function messageOf(line: string): { readonly type?: string; readonly message?: string } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** A plugin of the docker command (`docker-TYPE`), else a program of that name. Throws UserError `no-provider`. */
async function programOf(type: string, env: Readonly<Record<string, string>>): Promise<string> {
  const plugins = [
    path.join(env.DOCKER_CONFIG ?? path.join(env.HOME ?? '/', '.docker'), 'cli-plugins'),
    ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((top) => `${top}/docker/cli-plugins`),
  ].map((folder) => path.join(folder, `docker-${type}`));
  const programs = (env.PATH ?? '').split(':').map((folder) => path.join(folder, type));
  for (const file of [...plugins, ...programs]) {
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  throw new UserError(
    'no-provider',
    `There is no provider "${type}": neither docker-${type} nor ${type} is installed.`,
    [`Install it, and have ${type} on the PATH.`],
  );
}
