/** The two sides of `diff`: an environment of this project, or what runs somewhere. */
import path from 'node:path';
import type { EngineClient } from '../../engine/client.js';
import { connectEngine } from '../../engine/connect.js';
import { inspectContainerFully, listContainers } from '../../engine/containers.js';
import { EngineAnswerError } from '../../engine/errors.js';
import { inspectImageFully } from '../../engine/images.js';
import { listSwarmServices } from '../../engine/system.js';
import { UserError } from '../../errors.js';
import { composeLabel } from '../../model/labels.js';
import type { Project } from '../../model/project.js';
import {
  containerFacts,
  type ImageDefaults,
  type InspectedContainer,
  type ServiceContainer,
} from '../../parity/container-facts.js';
import type { EnvironmentFacts } from '../../parity/facts.js';
import { kubernetesFacts } from '../../parity/kubernetes-facts.js';
import type { KubernetesItem } from '../../parity/kubernetes-items.js';
import { projectFacts } from '../../parity/project-facts.js';
import { type SwarmService, stackLabel, swarmFacts } from '../../parity/swarm-facts.js';
import { lockFileOf, readLockFile } from '../lock/lock.js';
import { fullName } from '../pinned-images.js';
import { Session } from '../session.js';

export interface Side {
  /** As a column is headed. */
  readonly name: string;
  readonly facts: EnvironmentFacts;
}

/** An environment by its name, as the config says it. Throws UserError `unknown-environment`. */
export async function environmentSide(session: Session, environment: string): Promise<Side> {
  const other = new Session(session.world, { ...session.options, environment });
  const { project } = await other.loadQuietly([]);
  return { name: environment, facts: await factsOfProject(project) };
}

export async function factsOfProject(project: Project): Promise<EnvironmentFacts> {
  const lock = await readLockFile(lockFileOf(project));
  return projectFacts(project, (image) => lock?.images[fullName(image)]?.digest);
}

/** `docker:CONTEXT`, `swarm:STACK`, `k8s:NAMESPACE`, or a config file. */
export async function againstSide(session: Session, where: string, project: string): Promise<Side> {
  const [, kind, rest] = /^(docker|swarm|k8s):(.*)$/.exec(where) ?? [];
  if (kind === 'docker') return { name: where, facts: await engineFacts(session, rest!, project) };
  if (kind === 'swarm') return { name: where, facts: await stackFacts(session, rest!) };
  if (kind === 'k8s') return { name: where, facts: kubernetesFacts(await workloadsOf(rest!)) };
  const file = path.resolve(session.world.cwd, where);
  const other = new Session(session.world, { ...session.options, files: [file] });
  const loaded = await other.loadQuietly([]);
  return { name: where, facts: await factsOfProject(loaded.project) };
}

/** What an engine runs of a project. `context` is a docker context's name, an engine's address, or empty for the one in use. */
async function engineFacts(session: Session, context: string, project: string): Promise<EnvironmentFacts> {
  return withEngine(session, context, async (engine) => {
    const found = await listContainers(engine, { label: [`${composeLabel.project}=${project}`] });
    const own = found.filter(({ Labels }) => Labels?.[composeLabel.oneOff] !== 'True');
    if (own.length === 0)
      throw new UserError('nothing-there', `Nothing of project ${project} runs there.`, ['-p names another project.']);
    return containerFacts(await Promise.all(own.map((one) => describe(engine, one.Id))));
  });
}

async function withEngine<T>(session: Session, context: string, use: (engine: EngineClient) => Promise<T>): Promise<T> {
  if (context === '') return use(await session.engine());
  const { env, uid } = session.world;
  const engine = await connectEngine({
    env: context.includes('://') ? env : { ...env, DOCKER_CONTEXT: context, DOCKER_HOST: undefined },
    uid,
    engine: context.includes('://') ? context : 'docker',
  });
  return use(engine).finally(() => engine.close());
}

/** `STACK` of the engine that Docker's own client would ask, `STACK@CONTEXT` of another. */
async function stackFacts(session: Session, where: string): Promise<EnvironmentFacts> {
  const [stack = '', context] = where.split('@');
  const { env, uid } = session.world;
  const other = session.options.engine ?? env.DEVENV_ENGINE;
  const ask = async (engine: EngineClient) => swarmFacts(await servicesOfStack(engine, stack));
  if (context !== undefined || other !== undefined) return withEngine(session, context ?? '', ask);
  const engine = await connectEngine({ env, uid, engine: 'docker' });
  return ask(engine).finally(() => engine.close());
}

async function servicesOfStack(engine: EngineClient, stack: string): Promise<readonly SwarmService[]> {
  try {
    const found = await listSwarmServices<SwarmService>(engine, { label: [`${stackLabel}=${stack}`] });
    if (found.length > 0) return found;
  } catch (error) {
    // 503 of Docker, 406 or 501 of engines that have no swarm at all (Engine API, ServiceList)
    if (!(error instanceof EngineAnswerError) || ![404, 406, 501, 503].includes(error.status)) throw error;
    throw new UserError('no-swarm', 'That engine is no manager of a swarm, so it cannot tell what a stack is.', [
      'swarm:STACK@CONTEXT asks the engine of a docker context.',
    ]);
  }
  throw new UserError('nothing-there', `The swarm has no stack called ${stack}.`, ['docker stack ls names them.']);
}

async function describe(engine: EngineClient, id: string): Promise<ServiceContainer> {
  const container = (await inspectContainerFully(engine, id)) as unknown as InspectedContainer & {
    readonly Image: string;
  };
  const image = await inspectImageFully(engine, container.Image).catch(() => ({}));
  const service = container.Config.Labels?.[composeLabel.service] ?? id.slice(0, 12);
  return { service, container, image: defaultsOf(image) };
}

function defaultsOf(image: Readonly<Record<string, unknown>>): ImageDefaults {
  const config = (image.Config ?? {}) as {
    readonly Env?: string[];
    readonly Cmd?: string[];
    readonly Entrypoint?: string[];
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Healthcheck?: { readonly Test?: string[] };
  };
  const [digest] = (image.RepoDigests as string[] | undefined) ?? [];
  return {
    digest: digest?.split('@')[1],
    env: config.Env ?? [],
    command: config.Cmd,
    entrypoint: config.Entrypoint,
    user: config.User,
    workingDir: config.WorkingDir,
    health: config.Healthcheck?.Test,
  };
}

async function workloadsOf(namespace: string): Promise<KubernetesItem[]> {
  const { execa } = await import('execa');
  const args = [
    'get',
    'deployments,statefulsets,daemonsets,pods,services,configmaps',
    '--output',
    'json',
    ...(namespace ? ['--namespace', namespace] : []),
  ];
  const ran = await execa('kubectl', args, { reject: false });
  if (ran.failed) {
    const why =
      ran.code === 'ENOENT'
        ? 'kubectl is not installed'
        : (ran.stderr || ran.shortMessage || '').trim().split('\n').at(-1);
    throw new UserError('no-cluster', `The cluster could not be asked: ${why}`, [
      'kubectl get deployments must work first.',
    ]);
  }
  return (JSON.parse(ran.stdout) as { readonly items: KubernetesItem[] }).items;
}
