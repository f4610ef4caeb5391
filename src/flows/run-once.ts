/** `run`: one more container of a service with a command of its own, for as long as that runs. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createContainerOf } from '../apply/create.js';
import { Readiness } from '../apply/readiness.js';
import { parseDotenv } from '../config/environment/dotenv.js';
import type { EngineClient } from '../engine/client.js';
import {
  attachContainer,
  removeContainer,
  resizeContainer,
  startContainer,
  waitContainer,
} from '../engine/containers.js';
import { UserError } from '../errors.js';
import { projectObjectName } from '../model/names.js';
import type { LoadedProject, Service } from '../model/project.js';
import { observeProject } from '../observe/observe.js';
import { hashService } from '../plan/hash.js';
import { checkHosts } from '../plan/hosts.js';
import { type OneOffWish, oneOffService, parsePublish, parseVolume } from '../plan/one-off.js';
import { defaultUpOptions, type UpOptions } from '../plan/options.js';
import { dependenciesOf, unknownService } from '../plan/order.js';
import { givenVariables } from './given-variables.js';
import { settleHostPorts } from './host-ports.js';
import { converse } from './raw-terminal.js';
import { applyContext } from './run-plan.js';
import type { Session } from './session.js';
import { bringUp, type UpRequest } from './up.js';

export interface RunRequest {
  readonly service: string;
  readonly command: readonly string[];
  readonly entrypoint: string | undefined;
  /** `KEY=VALUE`, or `KEY` alone. */
  readonly environment: readonly string[];
  /** Each adds its variables, as `env_file` would; `environment` wins over them. */
  readonly environmentFiles: readonly string[];
  readonly user: string | undefined;
  readonly workingDir: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly publish: readonly string[];
  readonly volumes: readonly string[];
  readonly servicePorts: boolean;
  readonly useAliases: boolean;
  readonly dependencies: boolean;
  readonly detach: boolean;
  readonly remove: boolean;
  readonly build: boolean;
  /** Undefined: as the service's `pull_policy` says. */
  readonly pull: UpOptions['pull'];
  readonly hushed: NonNullable<UpRequest['hushed']>;
  readonly removeOrphans: boolean;
  readonly name: string | undefined;
  readonly tty: boolean | undefined;
  readonly interactive: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
}

/** Gives the command's exit code. */
export async function runOnce(session: Session, request: RunRequest): Promise<number> {
  session.outputIsTaken = true;
  const loaded = await session.load([request.service]);
  const service = loaded.project.services[request.service];
  if (!service) throw unknownService(loaded.project, request.service);
  await prepare(session, request, loaded, service);
  const engine = await session.engine();
  const id = await createOneOff(session, engine, request, loaded, service);
  if (request.detach) {
    await startContainer(engine, id);
    await session.terminal.data(`${id}\n`);
    return 0;
  }
  return attend(session, engine, id, request);
}

/** Its image, its networks and volumes, and what it depends on. */
async function prepare(
  session: Session,
  request: RunRequest,
  { project }: LoadedProject,
  service: Service,
): Promise<void> {
  const needed = request.dependencies ? Object.keys(dependenciesOf(project, service)) : [];
  const common = { dryRun: false, hushed: request.hushed, waitTimeoutMs: undefined, yes: false, quiet: true };
  if (needed.length)
    await bringUp(session, { ...common, plan: { ...defaultUpOptions, services: needed, ignoreOrphans: true } });
  const options = {
    ...defaultUpOptions,
    services: [request.service],
    dependencies: false,
    build: request.build ? ('always' as const) : ('missing' as const),
    pull: request.pull,
    scale: { [request.service]: 0 },
    keepSurplus: true,
    removeOrphans: request.removeOrphans,
    ignoreOrphans: true,
  };
  await bringUp(session, { ...common, plan: options });
}

async function createOneOff(
  session: Session,
  engine: EngineClient,
  request: RunRequest,
  loaded: LoadedProject,
  service: Service,
): Promise<string> {
  const { project } = loaded;
  const slug = randomBytes(6).toString('hex');
  const name = request.name ?? projectObjectName(project, service.name, 'run', slug);
  const fromFiles = readVariables(session.world.cwd, request.environmentFiles, loaded.variables);
  const environment = { ...fromFiles, ...givenVariables(request.environment, loaded.variables).values };
  const changed = oneOffService(service, { ...toWish(session, request, name), environment });
  const hash = hashService(project, changed);
  const op = {
    do: 'container.create',
    service: service.name,
    replica: 1,
    name,
    finalName: name,
    configHash: hash.whole,
    configParts: hash.parts,
  } as const;
  const observed = await observeProject(engine, project);
  checkHosts([changed], observed, new Map());
  const nothing = { steps: [], questions: [], warnings: [] };
  const hostPorts = await settleHostPorts(session, engine, { project, observed, plan: nothing, locate: loaded.locate });
  const readiness = new Readiness(engine, project.name);
  const context = applyContext(
    session,
    engine,
    { project, observed, locate: loaded.locate, variables: loaded.variables, hostPorts },
    {
      emit: (event) => {
        if (event.kind === 'warning') void session.terminal.status(`warning: ${event.text}\n`);
      },
      signal: new AbortController().signal,
      readiness,
    },
  );
  return createContainerOf(changed, op, context, { slug, useAliases: request.useAliases });
}

/** A later file wins; what they refer to is the config's variables. Throws UserError `no-env-file`, `bad-env-file`. */
function readVariables(
  cwd: string,
  files: readonly string[],
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const read = (name: string) => {
    const file = path.resolve(cwd, name);
    if (!existsSync(file)) throw new UserError('no-env-file', `There is no file ${file}, which --env-from-file names.`);
    return parseDotenv({ file, text: readFileSync(file, 'utf8') }, { lookup: (key) => variables[key] });
  };
  return Object.fromEntries(files.flatMap((name) => [...read(name)]));
}

function toWish({ world }: Session, request: RunRequest, name: string): Omit<OneOffWish, 'environment'> {
  const publish = request.publish.map((text) => {
    const port = parsePublish(text);
    if (!port) throw new UserError('bad-port', `"${text}" is no port: it should be [[IP:]PORT:]PORT[/PROTOCOL]`);
    return port;
  });
  const absolute = (text: string) =>
    /^\.{1,2}(?:\/|:)/.test(text) ? path.resolve(world.cwd, text.split(':')[0]!) + text.slice(text.indexOf(':')) : text;
  return {
    ...request,
    publish,
    name,
    entrypoint: request.entrypoint === undefined ? undefined : request.entrypoint.split(/\s+/).filter(Boolean),
    volumes: request.volumes.map((text) => parseVolume(absolute(text))),
    tty: wantsTty(world, request),
    // In the background, too: what waits for input then waits for whoever attaches to it.
    stdin: request.interactive,
  };
}

/** Piped input or output means no terminal, as in Compose. */
function wantsTty({ stdin, stdout }: Session['world'], { tty }: RunRequest): boolean {
  return tty ?? (stdin.isTTY === true && stdout.isTTY === true);
}

async function attend(session: Session, engine: EngineClient, id: string, request: RunRequest): Promise<number> {
  const { world } = session;
  const tty = wantsTty(world, request);
  const { socket, head } = await attachContainer(engine, id, { stdin: request.interactive });
  const ended = waitContainer(engine, id, 'next-exit');
  // An engine that dies fails both this and what is awaited before it.
  ended.catch(() => undefined);
  try {
    await startContainer(engine, id);
    const resize = (rows: number, columns: number) => resizeContainer(engine, id, rows, columns);
    await converse(world, { socket, head, tty, stdin: request.interactive, resize });
    return await ended;
  } finally {
    if (request.remove) await removeContainer(engine, id, { volumes: true, force: true });
  }
}
