/** `build`, `pull` and `images`: the images of a project's services. */
import type { BuildSettings } from '../apply/context.js';
import { EngineAnswerError } from '../engine/errors.js';
import { inspectImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import type { BuildFlags, BuildOutput } from '../model/build-flags.js';
import { formatBytes } from '../model/bytes.js';
import { imageName } from '../model/names.js';
import { observeProject } from '../observe/observe.js';
import { Draft } from '../plan/draft.js';
import { planImages } from '../plan/images.js';
import type { UpOptions } from '../plan/options.js';
import { inStartOrder, selectServices } from '../plan/order.js';
import { renderPlan } from '../plan/render.js';
import type { BuiltImage } from './build-outputs.js';
import { builtOn, withBuiltBefore } from './built-before.js';
import { chooseContainers } from './containers.js';
import { givenVariables } from './given-variables.js';
import { ago } from './ps.js';
import { runPlan } from './run-plan.js';
import type { Session } from './session.js';

export interface BuildRequest {
  readonly services: readonly string[];
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly args: Readonly<Record<string, string>>;
  readonly quiet: boolean;
  readonly memoryBytes: number | undefined;
  /** Of docker buildx; undefined: the engine's own. */
  readonly builder?: string | undefined;
  readonly dependencies: boolean;
  readonly dryRun: boolean;
  readonly flags?: BuildFlags;
  readonly outputs?: readonly BuildOutput[];
  readonly iidFile?: string | undefined;
  readonly metadataFile?: string | undefined;
}

/**
 * `entries`: `KEY=VALUE`, or `KEY` alone, which takes the value that the shell or the project's `.env` has; without one the
 * Dockerfile's own default stays.
 */
export async function buildArguments(
  session: Session,
  services: readonly string[],
  entries: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { values, unknown } = givenVariables(entries, session.world.env);
  if (unknown.length === 0) return values;
  const { variables } = await session.loadQuietly(services, { noServiceFiles: true });
  return givenVariables(entries, variables).values;
}

export async function buildServices(session: Session, request: BuildRequest): Promise<void> {
  const { noCache, pull, args, quiet, memoryBytes, flags, builder, outputs = [] } = request;
  session.outputIsTaken ||= outputs.some(({ dest }) => dest === '-');
  const { checkOutputs, writeIds, writeOutputs } = await import('./build-outputs.js');
  if (outputs.length > 0 && !request.dryRun) checkOutputs(await session.engine(), outputs);
  if (builder !== undefined && (await session.engine()).own)
    await session.terminal.status('warning: --builder is for docker buildx; this engine builds by itself.\n');
  const built = await getImages(session, {
    ...request,
    kind: 'build',
    up: { build: 'always', pull: undefined },
    build: {
      noCache,
      pull,
      args,
      quiet,
      memoryBytes,
      builder,
      ...(flags ? { flags: { ...flags, targetOf: request.services } } : {}),
    },
  });
  if (request.dryRun || built.length === 0) return;
  const engine = await session.engine();
  const push = async (service: string, image: string) => {
    const [{ pushOne }, { variables }] = await Promise.all([import('./push.js'), session.loadQuietly([])]);
    await pushOne(session, engine, { image, service, quiet, variables });
  };
  await writeOutputs(engine, outputs, built, { stdout: process.stdout, push });
  await writeIds(engine, request, built);
}

export interface PullRequest {
  readonly services: readonly string[];
  readonly policy: 'always' | 'missing';
  readonly ignoreBuildable: boolean;
  /** One that cannot be pulled is told, and the others go on. */
  readonly ignoreFailures: boolean;
  readonly dependencies: boolean;
  readonly dryRun: boolean;
}

export async function pullServices(session: Session, request: PullRequest): Promise<void> {
  const common = { ...request, kind: 'pull' as const, up: { build: 'never' as const, pull: request.policy } };
  if (!request.ignoreFailures) return void (await getImages(session, common));
  const { project } = await session.loadQuietly(request.services);
  const selected = [...selectServices(project, request.services, request.dependencies)];
  for (const name of selected.filter((one) => !project.services[one]?.build)) {
    try {
      await getImages(session, { ...common, services: [name], dependencies: false });
    } catch (error) {
      if (!(error instanceof UserError || error instanceof EngineAnswerError)) throw error;
      await session.terminal.status(`warning: ${name}: ${error.message}\n`);
    }
  }
}

interface ImagesRequest {
  readonly services: readonly string[];
  readonly kind: 'build' | 'pull';
  readonly dependencies: boolean;
  readonly dryRun: boolean;
  readonly up: Pick<UpOptions, 'build' | 'pull'>;
  readonly build?: BuildSettings;
}

async function getImages(session: Session, request: ImagesRequest): Promise<BuiltImage[]> {
  const names = request.kind === 'build' ? await withBuiltBefore(session, request.services) : request.services;
  const { project, locate, variables } = await session.load(names);
  const selected = selectServices(project, names, request.dependencies);
  const services = inStartOrder(project).filter(
    (one) => selected.has(one.name) && Boolean(one.build) === (request.kind === 'build'),
  );
  if (services.length === 0) {
    await session.terminal.status(request.kind === 'build' ? 'No services to build\n' : 'No images to pull\n');
    return [];
  }
  const engine = await session.engine();
  const observed = await observeProject(engine, project);
  const draft = new Draft();
  const upOptions = request.kind === 'build' ? { ...request.up, builtOn: await builtOn(project) } : request.up;
  planImages(draft, project, observed, services, upOptions);
  const plan = draft.finish();
  if (request.dryRun) {
    await session.terminal.data(plan.steps.length ? renderPlan(plan) : 'Nothing to do.\n');
    return [];
  }
  await runPlan(session, engine, {
    plan,
    project,
    observed,
    locate,
    variables,
    ...(request.build ? { build: request.build } : {}),
  });
  const asked = services.filter(({ name }) => request.services.length === 0 || request.services.includes(name));
  return asked.map((service) => ({
    service: service.name,
    image: imageName(project, service),
    tags: service.build?.tags ?? [],
  }));
}

export interface ServiceImageRow {
  readonly ID: string;
  readonly ContainerName: string;
  readonly Repository: string;
  readonly Tag: string;
  readonly Platform: string;
  readonly Size: number;
  readonly SizeText: string;
  readonly Created: string;
  /** `3 minutes ago` */
  readonly CreatedSince: string;
  readonly LastTagTime: string;
}

/** Images of the containers that are there. */
export async function listServiceImages(session: Session, services: readonly string[]): Promise<ServiceImageRow[]> {
  const { engine, containers, known } = await chooseContainers(session, { services });
  if (containers.length === 0 && services.length && !known.loaded)
    throw new UserError('no-container', 'No containers.');
  return Promise.all(
    containers.map(async (container) => {
      const image = await inspectImage(engine, container.imageId);
      const { repository, tag } = splitTag(container.image);
      return {
        ID: container.imageId,
        ContainerName: container.name,
        Repository: repository,
        Tag: tag,
        Platform: [image?.Os, image?.Architecture, image?.Variant].filter(Boolean).join('/'),
        Size: image?.Size ?? 0,
        SizeText: formatBytes(image?.Size ?? 0),
        Created: image?.Created ?? '',
        CreatedSince: image?.Created ? ago((Date.now() - Date.parse(image.Created)) / 1000) : 'N/A',
        LastTagTime: image?.Metadata?.LastTagTime ?? '',
      };
    }),
  );
}

function splitTag(image: string): { repository: string; tag: string } {
  const colon = image.lastIndexOf(':');
  if (image.startsWith('sha256:')) return { repository: '<none>', tag: '<none>' };
  if (colon <= image.lastIndexOf('/')) return { repository: image, tag: 'latest' };
  return { repository: image.slice(0, colon), tag: image.slice(colon + 1) };
}
