import type { Dependency, Project, Service } from '../model/project.js';
import type { Draft } from './draft.js';
import type { UpOptions } from './options.js';
import { dependenciesOf } from './order.js';
import { isLive } from './orphans.js';
import { howToReplace } from './replacing.js';
import { type Replica, temporaryName } from './replicas.js';
import { networksOf, volumesOf } from './resources.js';
import { asideName, rollingOf, Update } from './rolling.js';

interface Creation {
  readonly step: number;
  readonly temporary: string | undefined;
}

interface Wait {
  readonly container: string;
  readonly service: string;
  readonly until: 'running' | 'healthy' | 'completed';
  readonly required: boolean;
  readonly steadyMs?: number;
}

interface Order {
  readonly renamed: number | undefined;
  /** Those that are replaced before it are well. */
  readonly gates: readonly number[];
  /** What it needs is there: also one that is kept may be on a network that is gone and comes back by this plan. */
  readonly ready: readonly (number | undefined)[];
}

/** Plans service after service, in start order, and remembers the steps that others come after. */
export class ServicePlanner {
  /** Service → steps that create its containers. */
  readonly created = new Map<string, number[]>();
  private readonly started = new Map<string, number[]>();
  /** Container name → its start (or restart) step. */
  private readonly startStep = new Map<string, number>();
  private readonly waits = new Map<string, number>();
  /** Of the service that is being planned. */
  private update: Update | undefined;
  /** Names of old containers that are removed before anything else, since their network goes. */
  private readonly removedFirst = new Map<string, number>();

  constructor(
    private readonly draft: Draft,
    private readonly project: Project,
    private readonly options: UpOptions,
    private readonly replicas: ReadonlyMap<string, readonly Replica[]>,
  ) {}

  /** Removes the containers that hold networks, volumes or ports (`joining`: services) that are about to be another's. Gives the steps. */
  removeFirst(
    services: readonly Service[],
    networks: ReadonlySet<string>,
    volumes: ReadonlySet<string>,
    joining: ReadonlySet<string>,
  ): number[] {
    const holds = (service: Service) =>
      joining.has(service.name) ||
      networksOf(service).some((key) => networks.has(key)) ||
      volumesOf(this.project, service).some((key) => volumes.has(key));
    for (const service of services.filter(holds)) {
      for (const replica of this.replicas.get(service.name) ?? []) {
        if (replica.container && replica.fate === 'recreate') {
          this.removedFirst.set(replica.name, this.stopAndRemove(replica, replica.because, []));
        }
      }
    }
    return [...this.removedFirst.values()];
  }

  /** `ready`: steps that bring its image, networks, volumes and the containers it is bound to. */
  plan(service: Service, ready: readonly (number | undefined)[]): void {
    const replicas = this.replicas.get(service.name) ?? [];
    const surplus = replicas.filter((one) => one.fate === 'remove');
    const gone = surplus.map((one) => this.stopAndRemove(one, one.because, []));
    const numbers = new Set(replicas.filter((one) => one.fate !== 'remove').map((one) => one.replica));
    // An update that was cut short left a container with the very name that a new one gets for a while.
    const leftover = gone.filter((_, index) => numbers.has(surplus[index]!.replica));
    const created: number[] = [];
    const started: number[] = [];
    const first = this.draft.length;
    const rolling = replicas.some((one) => one.fate === 'recreate') ? rollingOf(service) : undefined;
    this.update = rolling && this.options.start ? new Update(rolling, this.draft) : undefined;
    for (const replica of replicas.filter((one) => one.fate !== 'remove')) {
      const renamed = this.finishEarlierReplacement(replica, gone);
      const create = replica.fate === 'keep' ? undefined : this.create(service, replica, [...ready, ...leftover]);
      if (create !== undefined) created.push(create.step);
      const start = this.options.start
        ? this.start(service, replica, create, { renamed, gates: this.update?.gateOf(replica) ?? [], ready })
        : this.finishReplacing(replica, create, []);
      if (start !== undefined) started.push(start);
      if (replica.fate === 'recreate' && start !== undefined) this.judge(service, replica);
    }
    this.update?.finish(service.name, first);
    this.update = undefined;
    this.created.set(service.name, created);
    this.started.set(service.name, started);
  }

  private judge({ name: service }: Service, { name }: Replica): void {
    if (!this.update) return;
    const { monitorMs } = this.update.rolling;
    this.update.judgedBy(
      this.wait({ container: name, service, until: 'running', required: true, steadyMs: monitorMs }),
    );
  }

  /** An `up` that was killed between making the new container and giving it its name left it with a temporary one. */
  private finishEarlierReplacement({ fate, name, container }: Replica, gone: readonly number[]): number | undefined {
    if (fate !== 'keep' || container === undefined || container.name === name) return undefined;
    const op = { do: 'container.rename', name: container.name, to: name } as const;
    return this.draft.add(op, 'an earlier replacement was cut short', gone);
  }

  /** `--wait`: everything runs, and is healthy where it can say so. */
  awaitRunning(service: Service): void {
    for (const { name, fate } of this.replicas.get(service.name) ?? []) {
      if (fate === 'remove') continue;
      const op = { do: 'container.wait', name, service: service.name, until: 'running', required: true } as const;
      this.draft.add(op, 'asked for by --wait', [this.startStep.get(name)]);
    }
  }

  private create(service: Service, replica: Replica, ready: readonly (number | undefined)[]) {
    const { container, hash, name } = replica;
    const gone = this.removedFirst.get(name);
    const temporary = container && gone === undefined ? temporaryName(container, name) : undefined;
    const step = this.draft.add(
      {
        do: 'container.create',
        service: service.name,
        replica: replica.replica,
        name: temporary ?? name,
        finalName: name,
        configHash: hash.whole,
        configParts: hash.parts,
        ...(container
          ? { replaces: { id: container.id, name: container.name, keepVolumes: !this.options.renewVolumes } }
          : {}),
      },
      replica.because,
      [...ready, gone],
    );
    return { step, temporary };
  }

  /** The old one goes only when the new one could be made and what it needs is there; then the new one gets its name. */
  private finishReplacing(
    replica: Replica,
    create: Creation | undefined,
    dependencies: readonly (number | undefined)[],
  ): number | undefined {
    if (!create?.temporary) return create?.step;
    const because = `#${create.step} takes its place`;
    const after = [create.step, ...dependencies];
    const removed =
      this.update?.rolling.onFailure === 'rollback'
        ? this.stopAndKeep(this.update, replica, because, { after, temporary: create.temporary })
        : this.stopAndRemove(replica, because, after);
    return this.draft.add({ do: 'container.rename', name: create.temporary, to: replica.name }, 'its name is free', [
      removed,
    ]);
  }

  private start(
    service: Service,
    replica: Replica,
    create: Creation | undefined,
    { renamed, gates, ready }: Order,
  ): number | undefined {
    const { container, name } = replica;
    if (!create && container?.state === 'paused') {
      return this.remember(name, this.draft.add({ do: 'container.unpause', name }, 'it is paused'));
    }
    if (!create && container && isLive(container.state)) return this.restartWithDependency(service, replica);
    const dependencies = [...this.dependencySteps(service), ...gates];
    const how = create?.temporary ? howToReplace(this.project, service, container, this.options) : 'stop-first';
    if (create && how === 'beside') return this.startBeside(service, replica, create, dependencies);
    if (create && how === 'hand-over') return this.takeOver(service, replica, create, dependencies);
    const named = this.finishReplacing(replica, create, dependencies);
    const because = create
      ? 'created'
      : container?.state === 'created'
        ? 'not started yet'
        : `it is ${container?.state}`;
    return this.remember(
      name,
      this.draft.add({ do: 'container.start', name }, because, [
        ...(create ? [] : ready),
        named,
        renamed,
        ...dependencies,
      ]),
    );
  }

  /** `update_config.order: start-first`: the old one goes when the new one runs, and is healthy where it can say so. */
  private startBeside(
    service: Service,
    replica: Replica,
    create: Creation,
    dependencies: readonly number[],
  ): number | undefined {
    const name = create.temporary!;
    const begin = this.draft.add({ do: 'container.start', name }, 'created', [create.step, ...dependencies]);
    const op = { do: 'container.wait', name, service: service.name, until: 'running', required: true } as const;
    const runs = this.draft.add(op, 'update_config.order is start-first', [begin]);
    return this.remember(replica.name, this.finishReplacing(replica, create, [runs])!);
  }

  /** The same with host ports: they go over when it runs, and is healthy where it can say so. */
  private takeOver(
    service: Service,
    replica: Replica,
    create: Creation,
    dependencies: readonly number[],
  ): number | undefined {
    const from = replica.container!.name;
    const names = { name: create.temporary!, finalName: replica.name, service: service.name, from };
    const because = 'the old one serves until it is ready';
    const step = this.draft.add({ do: 'container.takeover', ...names }, because, [create.step, ...dependencies]);
    return this.remember(replica.name, this.finishReplacing(replica, create, [step])!);
  }

  /** `depends_on.restart: true`: a dependency that is made anew takes this one along. */
  private restartWithDependency(service: Service, { name }: Replica): number | undefined {
    const cause = Object.entries(dependenciesOf(this.project, service)).find(
      ([dependency, { restart }]) => restart && (this.created.get(dependency)?.length ?? 0) > 0,
    );
    if (!cause) return undefined;
    const op = { do: 'container.restart', name, graceMs: this.options.graceMs } as const;
    const because = `${cause[0]} is made anew (depends_on.restart)`;
    return this.remember(name, this.draft.add(op, because, this.dependencySteps(service)));
  }

  private remember(name: string, step: number): number {
    this.startStep.set(name, step);
    return step;
  }

  private dependencySteps(service: Service): number[] {
    return Object.entries(dependenciesOf(this.project, service)).flatMap(([name, dependency]) =>
      this.dependencyReady(name, dependency),
    );
  }

  private dependencyReady(name: string, { condition, required }: Dependency): number[] {
    const dependency = this.project.services[name];
    const replicas = (this.replicas.get(name) ?? []).filter((one) => one.fate !== 'remove');
    if (!dependency || condition === 'service_started') return this.started.get(name) ?? [];
    const until = condition === 'service_healthy' ? 'healthy' : 'completed';
    return replicas
      .filter((one) => !(until === 'healthy' && !this.startStep.has(one.name) && one.container?.health === 'healthy'))
      .map((one) => this.wait({ container: one.name, service: name, until, required }));
  }

  private wait({ container, service, until, required, steadyMs = 0 }: Wait): number {
    const key = `${container} ${until} ${required}`;
    const known = this.waits.get(key);
    if (known !== undefined) return known;
    const steady = steadyMs > 0 ? { steadyMs } : {};
    const op = { do: 'container.wait', name: container, service, until, required, ...steady } as const;
    const because = until === 'running' ? 'update_config: one after the other' : 'others depend on it';
    const step = this.draft.add(op, because, [this.startStep.get(container)]);
    this.waits.set(key, step);
    return step;
  }

  /** The old one is stopped and gives its name away, and can be brought back. */
  private stopAndKeep(
    update: Update,
    { container, name }: Replica,
    because: string,
    { after, temporary }: { readonly after: readonly (number | undefined)[]; readonly temporary: string },
  ): number {
    const { id, name: own, state } = container!;
    const live = isLive(state);
    const stop = { do: 'container.stop', name: own, graceMs: this.options.graceMs } as const;
    const stopped = live ? [this.draft.add(stop, because, after)] : after;
    const replaced = { id, name, temporary, ran: live };
    const kept = this.draft.add({ do: 'container.rename', name: own, to: asideName(replaced) }, because, stopped);
    update.replaced.push(replaced);
    update.aside.push(kept);
    return kept;
  }

  private stopAndRemove(replica: Replica, because: string, after: readonly (number | undefined)[]): number {
    const { container } = replica;
    const name = container?.name ?? replica.name;
    const live = container !== undefined && isLive(container.state);
    const stopped = live
      ? this.draft.add({ do: 'container.stop', name, graceMs: this.options.graceMs }, because, after)
      : undefined;
    return this.draft.add({ do: 'container.remove', name, volumes: false }, because, live ? [stopped] : after);
  }
}
