/**
 * Files of the host → the running project (walk 2): a batch is classified, small plans sync and restart, a rebuild or a
 * changed config goes the way of `up`. One batch at a time; what comes meanwhile waits and merges.
 */
import path from 'node:path';
import type { EngineEvent } from '../../engine/answers.js';
import type { EngineClient } from '../../engine/client.js';
import { pruneImages } from '../../engine/images.js';
import { UserError } from '../../errors.js';
import { composeLabel } from '../../model/labels.js';
import type { ObservedContainer } from '../../model/observed.js';
import type { LoadedProject } from '../../model/project.js';
import { observeContainers } from '../../observe/observe.js';
import { defaultUpOptions, type UpOptions } from '../../plan/options.js';
import { startsFirstByItself } from '../../plan/replacing.js';
import { planWatch } from '../../plan/watch.js';
import { Batches } from '../../watch/batches.js';
import { classify, ignoredByAll, pathInRule } from '../../watch/classify.js';
import { isGitAtWork } from '../../watch/git-lock.js';
import { LoopGuard, writtenByServices } from '../../watch/loops.js';
import type { FileChange, FileWatcher, ServiceWork, WatchRule } from '../../watch/types.js';
import { watchFiles } from '../../watch/watcher.js';
import { runPlan } from '../run-plan.js';
import type { Session } from '../session.js';
import { readEvents } from '../streams.js';
import { bringUp } from '../up.js';
import { filesOf, KnownFiles } from './known-files.js';
import { pullForEver } from './pulling.js';
import { findMissed, isImageStale } from './reconcile.js';
import type { WatchReporter } from './report.js';
import { readRules } from './rules.js';

export interface WatchingOptions {
  /** Empty: all that are enabled. */
  readonly services: readonly string[];
  readonly graceMs: number | undefined;
  readonly dryRun: boolean;
  /** What builds print is not shown. */
  readonly quiet?: boolean;
  /** Images of the project that a rebuild left without a name are removed. */
  readonly prune?: boolean;
}

export class Watching {
  readonly #session: Session;
  readonly #options: WatchingOptions;
  readonly #report: WatchReporter;
  readonly #batches: Batches;
  readonly #loops = new LoopGuard();
  readonly #ended = new AbortController();
  /** Containers that did not run when a batch came: what was deleted then is still in them. */
  readonly #away = new Set<string>();
  #loaded: LoadedProject;
  #rules: readonly WatchRule[] = [];
  #configFiles: ReadonlySet<string> = new Set();
  #watcher: FileWatcher | undefined;
  #files: KnownFiles | undefined;
  #containers: readonly ObservedContainer[] | undefined;
  #known = new Set<string>();
  #work: Promise<unknown> = Promise.resolve();
  #working = 0;

  constructor(session: Session, loaded: LoadedProject, options: WatchingOptions, report: WatchReporter) {
    this.#session = session;
    this.#loaded = loaded;
    this.#options = options;
    this.#report = report;
    this.#batches = new Batches(() => isGitAtWork(loaded.project.workingDir));
  }

  get rules(): readonly WatchRule[] {
    return this.#rules;
  }

  /**
   * That all containers ended is no end of the project: something is being done to them, or a service that is watched on
   * purpose may come back with the next edit.
   */
  get stays(): boolean {
    return this.#working > 0 || this.#rules.some((rule) => !rule.derived);
  }

  /** Resolves when changes are seen, and those of before have been brought over. Gives whether there is anything to watch. */
  async begin(): Promise<boolean> {
    await this.#readProject();
    if (this.#rules.length === 0) return false;
    this.#report.rules(this.#loaded.project, this.#rules);
    await this.#openWatcher();
    await this.#noteStops();
    void this.#listen();
    if (!this.#options.dryRun) void this.#pull();
    await this.#catchUp();
    return true;
  }

  /** Until it is closed. */
  async run(): Promise<void> {
    for (;;) {
      const batch = await this.#batches.next();
      if (batch === undefined) break;
      await this.#serially(() => this.#handle(batch));
    }
    await this.#work;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#batches.close();
    await this.#watcher?.close();
    await this.#files?.save().catch(() => undefined); // the next one then takes more for new than there is
  }

  async #readProject(): Promise<void> {
    const { project } = this.#loaded;
    const wanted = new Set(this.#options.services.length ? this.#options.services : Object.keys(project.services));
    this.#rules = await readRules(project, wanted);
    this.#configFiles = filesOfProject(this.#loaded);
  }

  async #openWatcher(): Promise<void> {
    const before = this.#watcher;
    this.#watcher = watchFiles({
      roots: [...new Set([...this.#rules.map((rule) => rule.path), ...this.#configFiles])],
      ignores: ignoredByAll(this.#rules, this.#configFiles),
      onChange: (change) => this.#batches.add(change),
      onNotice: (text) => this.#report.notice(text),
    });
    await this.#watcher.ready;
    await before?.close(); // only now, so that nothing happens unseen
  }

  /** One thing at a time; a failure is told and the watching goes on. */
  #serially(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(async () => {
      this.#working += 1;
      try {
        await work();
      } catch (error) {
        if (!this.#ended.signal.aborted) this.#report.failure(error);
      } finally {
        this.#working -= 1;
      }
    });
    this.#work = turn;
    return turn;
  }

  async #handle(batch: readonly FileChange[]): Promise<void> {
    const began = performance.now();
    const { reload, services } = classify(this.#rules, batch, {
      configFiles: this.#configFiles,
      mayHave: (service, file) => this.#files?.mayHave(service, file) ?? true,
    });
    if (reload.length > 0) return this.#reload(reload);
    for (const change of batch) this.#remember(change);
    const wanted = services.filter((work) => !work.because.every((file) => this.#loops.isMuted(work.service, file)));
    await this.#applySmall(wanted.filter((work) => !work.rebuild));
    for (const work of wanted.filter((one) => one.rebuild)) await this.#rebuild(work);
    this.#guardAgainstLoops(wanted, began);
  }

  #guardAgainstLoops(works: readonly ServiceWork[], began: number): void {
    const isWritten = writtenByServices(this.#loaded.project, this.#rules);
    for (const { service, because, restart, rebuild } of works) {
      if (!restart && !rebuild) continue;
      const looping = this.#loops.note(service, because.filter(isWritten), began, performance.now());
      if (looping.length > 0) this.#report.loop(this.#loaded.project, service, looping);
    }
  }

  #remember(change: FileChange): void {
    if (change.kind === 'removed') return;
    for (const rule of this.#rules)
      if (rule.action.startsWith('sync') && pathInRule(rule, change.path) !== undefined)
        this.#files?.add(rule.service, change.path);
  }

  async #applySmall(works: readonly ServiceWork[]): Promise<void> {
    if (works.length === 0) return;
    const began = performance.now();
    const engine = await this.#session.engine();
    const containers = await this.#observe(engine);
    for (const { id, state } of containers) if (state !== 'running') this.#away.add(id);
    await this.#apply(engine, works, containers);
    for (const work of works) this.#report.done(this.#loaded.project, work, performance.now() - began);
  }

  async #apply(
    engine: EngineClient,
    works: readonly ServiceWork[],
    containers: readonly ObservedContainer[],
  ): Promise<void> {
    const { graceMs } = this.#options;
    const wishes = works.map((work) => ({ ...work, graceMs, because: work.because.join(', ') }));
    const plan = planWatch(wishes, containers);
    if (this.#options.dryRun) return this.#report.plan(plan);
    const observed = { containers, networks: [], volumes: [], images: {} };
    const { project, locate, variables } = this.#loaded;
    await runPlan(this.#session, engine, {
      plan,
      project,
      observed,
      locate,
      variables,
      alone: false,
      onEvent: this.#report.event,
    });
  }

  /** What is there, remembered until the engine tells of a change. */
  async #observe(engine: EngineClient): Promise<readonly ObservedContainer[]> {
    this.#containers ??= await observeContainers(engine, this.#loaded.project.name);
    for (const { id } of this.#containers) this.#known.add(id);
    return this.#containers;
  }

  async #rebuild(work: ServiceWork): Promise<void> {
    const began = performance.now();
    this.#report.begins(this.#loaded.project, work);
    await this.#up({ services: [work.service], dependencies: false, build: 'always' });
    this.#report.done(this.#loaded.project, work, performance.now() - began);
    if (this.#options.prune && !this.#options.dryRun) await this.#prune();
  }

  async #prune(): Promise<void> {
    const label = [`${composeLabel.project}=${this.#loaded.project.name}`];
    await pruneImages(await this.#session.engine(), { dangling: ['true'], label });
  }

  async #up(plan: Partial<UpOptions>): Promise<void> {
    const request = {
      plan: { ...defaultUpOptions, graceMs: this.#options.graceMs, startFirst: true, ...plan },
      dryRun: this.#options.dryRun,
      hushed: new Set(this.#options.quiet ? (['image.pull', 'image.build'] as const) : (['image.pull'] as const)),
      waitTimeoutMs: undefined,
      yes: false,
      quiet: true,
      alone: false,
    };
    await this.#files?.save();
    await bringUp(this.#session, request);
    if (this.#files) this.#files = await KnownFiles.read(this.#session, this.#loaded.project); // with what was built
    this.#containers = undefined;
  }

  /** A config that is wrong is told, and what runs is kept. */
  async #reload(files: readonly string[]): Promise<void> {
    const began = performance.now();
    this.#report.reloads(this.#loaded.project, files);
    this.#loaded = await this.#session.load(this.#options.services);
    await this.#up({ services: this.#options.services });
    const before = this.#rules.length;
    await this.#readProject();
    await this.#openWatcher();
    if (before !== this.#rules.length) this.#report.rules(this.#loaded.project, this.#rules);
    this.#report.reloaded(performance.now() - began);
  }

  /** What was edited before anybody watched. */
  async #catchUp(): Promise<void> {
    await this.#serially(async () => {
      const engine = await this.#session.engine();
      const containers = await this.#observe(engine);
      const files = await KnownFiles.read(this.#session, this.#loaded.project);
      this.#files = files;
      const stale = new Set<string>();
      for (const container of containers) {
        const builtMs = files.builtMs(container.service, container.imageId);
        if (await isImageStale(engine, container, this.#rules, builtMs)) stale.add(container.service);
      }
      if (stale.size > 0) await this.#up({ services: [...stale], dependencies: false, build: 'always' });
      for (const container of await this.#observe(engine)) await this.#reconcile(engine, container);
    });
  }

  async #reconcile(engine: EngineClient, container: ObservedContainer): Promise<void> {
    const began = performance.now();
    const { service, imageId } = container;
    const builtMs = this.#files?.builtMs(service, imageId);
    const missed = await findMissed(engine, container, this.#rules, builtMs);
    const rules = this.#rules.filter((rule) => rule.service === service);
    this.#files?.note(service, imageId, await filesOf(rules, service));
    const removals = this.#files?.gone(service, imageId, rules) ?? new Set<string>();
    const { services } = classify(rules, missed, { configFiles: new Set(), mayHave: () => true });
    const work = services[0] ?? nothing(service);
    if (work.copies.size + removals.size === 0) return;
    await this.#apply(engine, [{ ...work, removals, rebuild: false }], [container]);
    if (work.copies.size > 0) this.#report.done(this.#loaded.project, work, performance.now() - began);
  }

  /** Said once, where a rebuild would be without downtime on our own engine. */
  async #noteStops(): Promise<void> {
    if ((await this.#session.engine()).own) return;
    const { services } = this.#loaded.project;
    const rebuilt = new Set(this.#rules.filter(({ action }) => action === 'rebuild').map(({ service }) => service));
    const names = [...rebuilt].filter((name) => startsFirstByItself(this.#loaded.project, services[name]!, undefined));
    if (names.length > 0)
      this.#report.notice(
        `rebuilds of ${names.join(', ')} stop the old container first: this engine hands no port over`,
      );
  }

  #pull(): Promise<void> {
    return pullForEver({
      engine: () => this.#session.engine(),
      rules: () => this.#rules,
      containers: async () => this.#observe(await this.#session.engine()),
      onPulled: (service, files, ms) => this.#report.pulled(this.#loaded.project, { service, files, ms }),
      onError: (error) => this.#report.failure(error),
      signal: this.#ended.signal,
    });
  }

  /** Containers that were made anew, by a rebuild or by another command, get what their image does not have. */
  async #listen(): Promise<void> {
    const { project } = this.#loaded;
    const filters = { type: ['container'], label: [`${composeLabel.project}=${project.name}`] };
    const sinceNs = BigInt(Date.now()) * 1_000_000n;
    try {
      for await (const event of readEvents(this.#session, { filters, sinceNs, signal: this.#ended.signal }))
        this.#onEvent(event);
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#report.failure(error);
    }
  }

  #onEvent({ Action, Actor }: EngineEvent): void {
    if (!/^(?:create|start|die|destroy|rename|pause|unpause)$/.test(Action)) return;
    this.#containers = undefined;
    if (Action !== 'start' || (this.#known.has(Actor.ID) && !this.#away.delete(Actor.ID))) return;
    void this.#serially(async () => {
      const engine = await this.#session.engine();
      const container = (await this.#observe(engine)).find((one) => one.id === Actor.ID);
      if (container && !container.oneOff) await this.#reconcile(engine, container);
    });
  }
}

/** What the project was read from, and a `.env` that may come. Absolute. */
function filesOfProject({ project, files }: LoadedProject): ReadonlySet<string> {
  const named = [...files, '.env'].filter((file) => file !== '-');
  return new Set(named.map((file) => path.resolve(project.workingDir, file)));
}

function nothing(service: string): ServiceWork {
  return { service, because: [], copies: new Map(), removals: new Set(), restart: false, rebuild: false, execs: [] };
}

/** Throws UserError when there is nothing to watch. */
export function nothingToWatch(): UserError {
  return new UserError('nothing-to-watch', 'No service has something to watch.', [
    'Give one a "develop: watch:" section, or a "build:" whose Dockerfile copies sources.',
  ]);
}
