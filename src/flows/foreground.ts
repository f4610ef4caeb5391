/** What `up` does while it stays: shows what containers print, tells who ended, stops them all on Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEvent } from '../engine/answers.js';
import { inspectContainer, killContainer } from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';
import { composeLabel } from '../model/labels.js';
import type { ObservedContainer } from '../model/observed.js';
import type { Project } from '../model/project.js';
import { observeContainers } from '../observe/observe.js';
import { LogPrinter } from '../output/log-printer.js';
import { planStop } from '../plan/lifecycle.js';
import { printLogs, shortName } from './follow-logs.js';
import type { Interrupts } from './interrupt.js';
import { runPlan } from './run-plan.js';
import type { Session } from './session.js';
import { readEvents, unixSeconds } from './streams.js';

export interface ForegroundOptions {
  /** Those that came since the plan was done are answered first. */
  readonly interrupts: Interrupts;
  readonly abortOn: 'exit' | 'failure' | undefined;
  /** Its exit code becomes ours. */
  readonly exitCodeFrom: string | undefined;
  readonly graceMs: number | undefined;
  readonly prefix: boolean;
  readonly timestamps: boolean;
  /** Services whose output is not shown. */
  readonly silent: ReadonlySet<string>;
  /** Aborted: leave at once, and let all run on. */
  readonly leave?: AbortSignal;
  /** While it says so, the end of all containers is not the end: something makes them anew. */
  readonly stays?: () => boolean;
}

export interface ForegroundScope {
  readonly project: Project;
  /** All that this run brought up. */
  readonly selected: ReadonlySet<string>;
  /** Those that were asked for: Ctrl-C stops them, and when they have ended, so has this run. */
  readonly awaited: ReadonlySet<string>;
  /** Nanoseconds since 1970: output from then on belongs to this run. */
  readonly sinceNs: bigint;
}

const LOG_PATIENCE_MS = 500;

/** Resolves with the exit code when all have ended, were stopped, or one that matters ended. */
export async function stayInForeground(
  session: Session,
  scope: ForegroundScope,
  options: ForegroundOptions,
): Promise<number> {
  const foreground = new Foreground(session, scope, options);
  return foreground.run();
}

class Foreground {
  private readonly printer: LogPrinter;
  private readonly alive = new Map<string, ObservedContainer>();
  private readonly following = new Map<string, Promise<void>>();
  /** Containers whose log is being read. */
  private readonly open = new Set<string>();
  /** Containers that were started again before their log was seen to end: what to do when it ends. */
  private readonly reopening = new Map<string, () => void>();
  private readonly ended = new AbortController();
  private readonly logs = new AbortController();
  /** When one was last seen to end, ns: its next output is from then on. */
  private readonly diedNs = new Map<string, bigint>();
  private exitCode = 0;
  private listedNs = 0n;
  private stopping: Promise<void> | undefined;
  private interrupted = false;

  constructor(
    private readonly session: Session,
    private readonly scope: ForegroundScope,
    private readonly options: ForegroundOptions,
  ) {
    const services = Object.keys(scope.project.services).sort();
    this.printer = new LogPrinter(
      session.terminal,
      { prefix: options.prefix, timestamps: options.timestamps, json: false },
      services,
    );
  }

  async run(): Promise<number> {
    const { interrupts } = this.options;
    interrupts.redirect((count) => this.onInterrupt(count));
    try {
      if (interrupts.count > 0) this.onInterrupt(interrupts.count);
      this.options.leave?.addEventListener('abort', () => this.onLeave());
      await this.begin();
      if (this.alive.size > 0 || this.stays) await this.listen();
      if (this.stopping === undefined) await this.endOfAwaited();
      else await Promise.allSettled(this.following.values());
      await this.stopping;
    } finally {
      interrupts.stop();
      this.ended.abort();
      this.logs.abort();
      await this.printer.flush();
    }
    return this.interrupted ? 130 : this.exitCode;
  }

  private async begin(): Promise<void> {
    this.listedNs = BigInt(Date.now()) * 1_000_000n;
    const containers = await this.containers();
    const shown = containers.filter((one) => !this.options.silent.has(one.service));
    const labels = shown.map((one) => this.label(one));
    this.printer.announce(labels);
    if (labels.length > 0) await this.session.terminal.data(`Attaching to ${labels.join(', ')}\n`);
    for (const container of containers) {
      const lives = container.state === 'running' || container.state === 'restarting';
      if (lives && this.scope.awaited.has(container.service)) this.alive.set(container.id, container);
      const { createdAt } = container;
      const isNew = BigInt(createdAt) * 1_000_000_000n >= this.scope.sinceNs - 1_000_000_000n;
      this.follow(container, isNew ? undefined : unixSeconds(this.scope.sinceNs));
    }
    const ended = containers.filter((one) => one.state === 'exited' && this.scope.awaited.has(one.service));
    for (const container of await this.inOrderOfTheirEnds(ended)) await this.onEnd(container, container.exitCode ?? 0);
  }

  /** The first one's end is what an abort answers with, even where others ended before we looked. */
  private async inOrderOfTheirEnds(containers: readonly ObservedContainer[]): Promise<readonly ObservedContainer[]> {
    if (containers.length < 2) return containers;
    const engine = await this.session.engine();
    const dated = await Promise.all(
      containers.map(async (container) => ({
        container,
        // One that was removed meanwhile ended before the others.
        finishedAt: await inspectContainer(engine, container.id).then(
          ({ State }) => State.FinishedAt,
          () => '',
        ),
      })),
    );
    return dated.sort((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1)).map(({ container }) => container);
  }

  private get stays(): boolean {
    return this.stopping === undefined && (this.options.stays?.() ?? false);
  }

  private async containers(): Promise<ObservedContainer[]> {
    const all = await observeContainers(await this.session.engine(), this.scope.project.name);
    return all.filter((one) => this.scope.selected.has(one.service) && !one.oneOff);
  }

  private async awaitedContainers(): Promise<ObservedContainer[]> {
    return (await this.containers()).filter((one) => this.scope.awaited.has(one.service));
  }

  /** The last lines of those that were awaited; what else runs goes on without us. */
  private async endOfAwaited(): Promise<void> {
    const awaited = await this.awaitedContainers();
    if (!this.options.leave?.aborted) await Promise.allSettled(awaited.map((one) => this.following.get(one.id)));
    this.logs.abort();
    await Promise.allSettled(this.following.values());
  }

  private onLeave() {
    if (this.stopping !== undefined) return;
    this.alive.clear();
    this.ended.abort();
    this.logs.abort();
  }

  private label(container: ObservedContainer): string {
    return shortName(this.scope.project.name, container.name);
  }

  private follow(container: ObservedContainer, since: string | undefined) {
    if (this.options.silent.has(container.service)) return;
    // A restart may be over before its log was seen to end: our engine's goes on by itself, Docker's ends after all.
    if (this.open.has(container.id)) {
      this.reopening.set(container.id, () => this.follow(container, since));
      return;
    }
    this.open.add(container.id);
    const tty = this.scope.project.services[container.service]?.tty ?? false;
    const source = { id: container.id, label: this.label(container), service: container.service, tty };
    const before = this.following.get(container.id) ?? Promise.resolve();
    const printing = before.then(() =>
      printLogs(this.session, source, this.printer, {
        follow: true,
        signal: this.logs.signal,
        ...(since ? { since } : {}),
      }),
    );
    this.following.set(
      container.id,
      printing.catch(() => {}).finally(() => this.onLogEnd(container.id)),
    );
  }

  private async onLogEnd(id: string): Promise<void> {
    this.open.delete(id);
    const reopen = this.reopening.get(id);
    this.reopening.delete(id);
    if (reopen && !this.logs.signal.aborted && (await this.comesBack(id, 0))) reopen();
  }

  /** From before the containers were listed on, so that an end in between is not missed. */
  private async listen(): Promise<void> {
    const { project } = this.scope;
    const sinceNs = this.listedNs;
    const filters = {
      type: ['container'],
      event: ['start', 'die'],
      label: [`${composeLabel.project}=${project.name}`],
    };
    for await (const event of readEvents(this.session, { filters, sinceNs, signal: this.ended.signal })) {
      await this.onEvent(event);
      if (this.alive.size === 0 && !this.stays) return;
    }
  }

  private async onEvent({ Action, Actor, timeNano }: EngineEvent): Promise<void> {
    const { ID: id, Attributes } = Actor;
    const known = this.alive.get(id);
    // One that was listed is followed already, unless it ended since.
    if (Action === 'start' && (!known || this.diedNs.has(id))) {
      const container = (await this.containers()).find((one) => one.id === id);
      if (!container) return;
      if (this.scope.awaited.has(container.service)) this.alive.set(id, container);
      if (!this.options.silent.has(container.service)) this.printer.announce([this.label(container)]);
      this.follow(container, unixSeconds(this.diedNs.get(id) ?? BigInt(timeNano) - 1_000_000_000n));
    } else if (Action === 'die' && known) {
      this.diedNs.set(id, BigInt(timeNano) + 1n);
      this.reopening.delete(id);
      if (!(await this.comesBack(id, timeNano))) await this.onEnd(known, Number(Attributes.exitCode ?? 0));
    }
  }

  /** Its restart policy brings it back, or somebody started it again since. */
  private async comesBack(id: string, diedNs: number): Promise<boolean> {
    try {
      const { State } = await inspectContainer(await this.session.engine(), id);
      if (State.Status === 'restarting') return true;
      return State.Running && Date.parse(State.StartedAt) * 1e6 >= diedNs - 1e9;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  private async onEnd(container: ObservedContainer, code: number): Promise<void> {
    const wasAlive = this.alive.delete(container.id);
    if ((wasAlive || !this.stopping) && (await this.isBackBeforeItsLogEnds(container.id))) {
      this.alive.set(container.id, container);
      return;
    }
    if (!this.stays) await this.printer.printExit(container.service, this.label(container), code);
    const { abortOn, exitCodeFrom } = this.options;
    if (exitCodeFrom === container.service) this.exitCode = code;
    if (this.stopping || abortOn === undefined || (abortOn === 'failure' && code === 0)) return;
    if (exitCodeFrom === undefined) this.exitCode = code;
    void this.session.terminal.status('Aborting on container exit...\n');
    this.stopping = this.stopAll();
  }

  /** Waits for the last lines; of one that was started again meanwhile there are none. */
  private async isBackBeforeItsLogEnds(id: string): Promise<boolean> {
    const logEnds = (this.following.get(id) ?? Promise.resolve()).then(() => true);
    for (;;) {
      if (await Promise.race([logEnds, sleep(LOG_PATIENCE_MS, false)])) return false;
      if (await this.comesBack(id, 0)) return true;
    }
  }

  private onInterrupt(count: number) {
    this.interrupted = true;
    if (count === 1) {
      void this.session.terminal.status('\nGracefully stopping... (press Ctrl+C again to force)\n');
      this.stopping ??= this.stopAll();
    } else void this.killAll();
  }

  private async stopAll(): Promise<void> {
    const { project } = this.scope;
    const engine = await this.session.engine();
    const containers = await this.awaitedContainers();
    const observed = { containers, networks: [], volumes: [], images: {} };
    const plan = planStop(project, containers, this.options.graceMs);
    try {
      const onHookLine = (name: string, line: string) => void this.printHookLine(containers, name, line);
      await runPlan(this.session, engine, { plan, project, observed, alone: false, onHookLine });
    } finally {
      if (this.alive.size === 0) this.ended.abort();
    }
  }

  /** Among the lines of the containers, as Compose has it: `web-1 ->  | saving`. */
  private async printHookLine(containers: readonly ObservedContainer[], name: string, line: string): Promise<void> {
    const container = containers.find((one) => one.name === name);
    if (!container || this.options.silent.has(container.service)) return;
    const label = `${this.label(container)} ->`;
    this.printer.announce([label]);
    await this.printer.print({ kind: 'log', service: container.service, container: label, stream: 'stdout', line });
  }

  private async killAll(): Promise<void> {
    const engine = await this.session.engine();
    const running = (await this.awaitedContainers()).filter((one) => one.state === 'running');
    await Promise.allSettled(running.map(({ id }) => killContainer(engine, id, 'SIGKILL')));
  }
}
