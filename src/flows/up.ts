/** `up`: config, look, plan, ask, apply; then either leave or show what the containers print until they end. */
import type { EngineClient } from '../engine/client.js';
import { isConnectionError } from '../engine/errors.js';
import { UserError } from '../errors.js';
import { imageName, isProduction } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Op, Plan } from '../model/plan.js';
import type { LoadedProject, Project } from '../model/project.js';
import { observeProject } from '../observe/observe.js';
import { balanced } from '../plan/balance.js';
import { Draft } from '../plan/draft.js';
import { planImages } from '../plan/images.js';
import type { UpOptions } from '../plan/options.js';
import { inStartOrder, selectServices } from '../plan/order.js';
import { renderPlan } from '../plan/render.js';
import { volumesOfQuestions } from '../plan/resources.js';
import { planUp } from '../plan/up.js';
import { showAddresses } from './addresses.js';
import { builtOn, withBuiltBefore } from './built-before.js';
import { settleHostPorts } from './host-ports.js';
import type { Interrupts } from './interrupt.js';
import { withUnselected } from './project.js';
import { providerOf, withProviders } from './providers.js';
import { agreedTo } from './questions.js';
import { runPlan } from './run-plan.js';
import type { Session } from './session.js';

type OpKind = Op['do'];

export interface UpRequest {
  readonly plan: UpOptions;
  readonly dryRun: boolean;
  /** Steps of these kinds show no more than their begin and end. */
  readonly hushed?: ReadonlySet<OpKind>;
  readonly waitTimeoutMs: number | undefined;
  readonly yes: boolean;
  readonly interrupts?: Interrupts;
  /** Say nothing when there is nothing to do, nor what was said at the first run (where ports are opened). */
  readonly quiet?: boolean;
  /** False: containers' output is shown meanwhile, and the caller listens to Ctrl-C itself. */
  readonly alone?: boolean;
  /** Images are what the lock file says; undefined: where that is the custom (CI, `prod`). */
  readonly locked?: boolean | undefined;
  /** A project of which no service is on is refused. */
  readonly needsService?: boolean;
  /** Images of a snapshot that containers are made from: see `ApplyContext`. */
  readonly layers?: ReadonlyMap<string, string>;
}

/** Kinds of steps that `--quiet-pull` and `--quiet-build` leave without progress. */
export const hushedSteps = (quiet: {
  readonly quietPull?: boolean;
  readonly quietBuild?: boolean;
}): ReadonlySet<OpKind> =>
  new Set<OpKind>([
    ...(quiet.quietPull ? (['image.pull'] as const) : []),
    ...(quiet.quietBuild ? (['image.build'] as const) : []),
  ]);

export interface UpResult {
  readonly loaded: LoadedProject;
  readonly engine: EngineClient;
  readonly observed: Observed;
  readonly plan: Plan;
  /** Services that this run is about. */
  readonly selected: ReadonlySet<string>;
}

/**
 * Gives what was found before and what was done. Undefined after a dry run. When the engine is lost on the way (killed,
 * most likely) it is started again, and all is looked at and planned anew.
 */
export async function bringUp(session: Session, request: UpRequest): Promise<UpResult | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await bringUpOnce(session, request);
    } catch (error) {
      const isLost = isConnectionError(error) || (error instanceof UserError && error.code === 'engine-lost');
      if (!isLost || attempt === 3) throw error;
      await session.terminal.status('The engine went away; going on with a new one.\n');
      await session.reconnect(await session.engine());
    }
  }
}

async function bringUpOnce(session: Session, request: UpRequest): Promise<UpResult | undefined> {
  const beganMs = Date.now();
  const loading = withBuiltBefore(session, request.plan.services).then((names) => session.load(names));
  const connecting = session.engine();
  connecting.catch(() => {}); // the config's mistakes are told first
  const asked = await loading;
  if (request.needsService && Object.keys(asked.project.services).length === 0 && !session.options.allResources)
    throw new UserError('no-service', 'no service selected', [
      'Turn a profile on: --profile NAME, or COMPOSE_PROFILES.',
    ]);
  const wanted = selectServices(asked.project, request.plan.services, request.plan.dependencies);
  const loaded = await withProviders(session, asked, { wanted, run: !request.dryRun });
  request = { ...request, plan: withoutProviders(request.plan, asked.project) };
  const engine = await connecting;
  const { locate, variables } = loaded;
  // What was brought as locked must not be pulled anew behind its tag.
  if (await isHeldToLock(session, engine, loaded, request))
    request = { ...request, plan: { ...request.plan, pull: 'missing' } };
  request = { ...request, plan: { ...request.plan, handsOver: engine.own, builtOn: await builtOn(loaded.project) } };
  let observed = await observeProject(engine, loaded.project);
  const known = await withUnselected(session, loaded.project, request.plan.services, observed.containers);
  const project = engine.own ? balanced(known, observed, request.plan.scale) : known;
  const { alone = true } = request;
  const shared = {
    project,
    locate,
    variables,
    alone,
    ...(request.interrupts ? { interrupts: request.interrupts } : {}),
    ...(request.hushed ? { hushed: request.hushed } : {}),
    ...(request.layers ? { layers: request.layers } : {}),
    ...(request.waitTimeoutMs ? { limitMs: request.waitTimeoutMs } : {}),
  };
  const first = request.dryRun ? undefined : planImagesFirst(project, observed, request.plan);
  if (first) {
    await runPlan(session, engine, { ...shared, plan: first, observed });
    observed = await observeProject(engine, project);
    request = { ...request, plan: { ...request.plan, build: neverAgain(request.plan), pull: 'missing' } };
  }
  const plan = planUp(project, observed, request.plan);
  const selected = selectServices(project, request.plan.services, request.plan.dependencies);
  if (request.dryRun) {
    await showPlan(session, plan);
    return undefined;
  }
  const replaceVolumes = volumesOfQuestions(await agreedTo(session, plan, request.yes));
  const answered = replaceVolumes.length ? planUp(project, observed, { ...request.plan, replaceVolumes }) : plan;
  const hostPorts = await settleHostPorts(session, engine, { project, observed, plan: answered, locate });
  if (!request.quiet) await noteLocalPorts(session, project, answered);
  if (!request.quiet) await noteKept(session, answered, observed, selected);
  await runPlan(session, engine, { ...shared, plan: answered, observed, hostPorts });
  await noteBuilds(session, engine, project, { beganMs, steps: [...(first?.steps ?? []), ...answered.steps] });
  // Waiting for what is healthy already is nothing that was done.
  const isIdle = answered.steps.every(({ op }) => op.do === 'container.wait');
  if (isIdle && !request.quiet) await session.terminal.status(upToDate(selected.size));
  if (!isIdle && !request.quiet) await noteHints(session, loaded);
  return { loaded, engine, observed, plan: answered, selected };
}

/** Of what was named, the services with containers. */
function withoutProviders(plan: UpOptions, project: Project): UpOptions {
  const services = plan.services.filter((name) => !project.services[name] || !providerOf(project.services[name]));
  return services.length === plan.services.length ? plan : { ...plan, services };
}

/** For a watcher of later on. */
async function noteBuilds(
  session: Session,
  engine: EngineClient,
  project: Project,
  { beganMs, steps }: { readonly beganMs: number; readonly steps: Plan['steps'] },
): Promise<void> {
  const built = steps.flatMap(({ op }) => (op.do === 'image.build' ? [op] : []));
  if (built.length === 0) return;
  const { noteBuilt } = await import('./watch/known-files.js');
  await noteBuilt(session, engine, { project, built, beganMs }).catch(() => undefined); // it is a help and no more
}

async function isHeldToLock(
  session: Session,
  engine: EngineClient,
  loaded: LoadedProject,
  { locked, dryRun, plan }: UpRequest,
): Promise<boolean> {
  const custom = Boolean(session.world.env.CI) || isProduction(loaded.project);
  if (dryRun || !(locked ?? custom)) return false;
  const { holdToLock } = await import('./lock/locked.js');
  return holdToLock(session, engine, loaded, { asked: locked ?? false, builds: plan.build === 'always' });
}

/** A line when `lint` has something to say; only where something was done, so that it does not become noise. */
async function noteHints({ terminal }: Session, loaded: LoadedProject): Promise<void> {
  const { lintLine } = await import('./lint.js');
  const line = lintLine(loaded);
  if (line) await terminal.status(line);
}

const neverAgain = ({ build }: UpOptions) => (build === 'always' ? ('missing' as const) : build);

/**
 * Whether a container must be made anew depends on what a pull or build brings. So where an image is got for a service
 * that has containers, images come first, in a plan of their own, and the rest is planned after another look.
 */
function planImagesFirst(project: Project, observed: Observed, options: UpOptions): Plan | undefined {
  const selected = selectServices(project, options.services, options.dependencies);
  const services = inStartOrder(project).filter((service) => selected.has(service.name));
  const draft = new Draft();
  const images = planImages(draft, project, observed, services, options);
  const living = new Set(observed.containers.map((one) => one.service));
  const matters = services.some((service) => living.has(service.name) && images.has(imageName(project, service)));
  return matters ? draft.finish() : undefined;
}

/** Beside what is done: what stays as it is. */
async function noteKept(
  { terminal }: Session,
  { steps }: Plan,
  { containers }: Observed,
  selected: ReadonlySet<string>,
): Promise<void> {
  const touched = new Set(steps.flatMap(({ op }) => ('name' in op ? [op.name] : [])));
  const replaced = new Set(
    steps.flatMap(({ op }) => (op.do === 'container.create' && op.replaces ? [op.replaces.name] : [])),
  );
  if (steps.every(({ op }) => op.do === 'container.wait')) return;
  for (const { name, service, state, oneOff } of containers)
    if (state === 'running' && !oneOff && selected.has(service) && !touched.has(name) && !replaced.has(name))
      await terminal.status(` Container ${name}  Running\n`);
}

const upToDate = (count: number) =>
  count === 1
    ? 'The service runs as the config says: nothing to do.\n'
    : `All ${count} services run as the config says: nothing to do.\n`;

async function showPlan({ terminal }: Session, plan: Plan): Promise<void> {
  for (const text of plan.warnings) await terminal.status(`warning: ${text}\n`);
  await terminal.data(plan.steps.length ? renderPlan(plan) : 'Nothing to do.\n');
}

/** Said where it happens: a port is opened for this machine alone, unless the config names an address. */
async function noteLocalPorts({ terminal }: Session, project: Project, plan: Plan): Promise<void> {
  const created = new Set(plan.steps.flatMap(({ op }) => (op.do === 'container.create' ? op.service : [])));
  const ports = [...created].flatMap((name) => project.services[name]?.ports ?? []).filter((port) => !port.host_ip);
  if (ports.length === 0) return;
  const example = `0.0.0.0:${ports[0]!.published ?? ''}:${ports[0]!.target}`;
  await terminal.status(`Ports are opened on 127.0.0.1 only; "${example}" would open one to the network.\n`);
}

/** What the containers of this run are now, with where to click. */
export function finishUp(session: Session, result: UpResult): Promise<number> {
  return showAddresses(session, result);
}
