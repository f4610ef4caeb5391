import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { CgroupLayout } from '../launch/cgroup.js';
import type { Table } from '../state/types.js';
import type { Container } from './container.js';
import { EventBus } from './events.js';
import type { Exec } from './exec-record.js';
import { Mutex } from './mutex.js';
import { ContainerRegistry } from './registry.js';
import type { MachineSize } from './resources.js';
import type { ContainerRecord, ContainerState, Foundations, VolumeRecord } from './types.js';

/** What every function of this room works on. Made once by `openEngine`. */
export class Engine {
  readonly containers = new ContainerRegistry();
  readonly events = new EventBus();
  readonly execs = new Map<string, Exec>();
  readonly volumeRecords: Table<VolumeRecord>;
  /** A volume is made and removed by one at a time: another one of its name would lose its folder to the removal. */
  readonly volumeLock = new Mutex();
  readonly #containerRecords: Table<ContainerRecord>;
  readonly #unwritten = new Set<Container>();
  /** Starts a container again on behalf of its restart policy; set by `openEngine`, as `start` cannot be known here. */
  restart: (container: Container) => Promise<void> = async () => undefined;
  /** By profile and capabilities: compiling takes milliseconds. */
  readonly seccompFilters = new Map<string, Uint8Array>();
  /** The default profile's name, once somebody asked for it. */
  appArmorProfile: Promise<string | undefined> | undefined;
  /** What limits are held against. */
  readonly machineSize: MachineSize = { cpus: availableParallelism(), nodes: memoryNodes() };
  /** No more restarts or probes: the engine is leaving. */
  leaving = false;

  constructor(readonly foundations: Foundations) {
    this.#containerRecords = foundations.store.table<ContainerRecord>('containers');
    this.volumeRecords = foundations.store.table<VolumeRecord>('volumes');
  }

  get cgroups(): CgroupLayout {
    return this.foundations.launcher.machine.cgroups;
  }

  /** Containers that earlier engines left. */
  storedContainers(): ContainerRecord[] {
    return this.#containerRecords.all().map(({ value }) => value);
  }

  /** Changes a record. Resolves when it would survive this process; most callers need not wait for that. */
  save(container: Container, change: Partial<ContainerRecord> = {}): Promise<void> {
    container.record = { ...container.record, ...change };
    const isKnown = this.containers.find(container.id) === container;
    const written = isKnown ? this.#put(container.record) : Promise.resolve();
    written.catch(() => undefined);
    return written;
  }

  /** As `save`, after the answer to the client and together with what else changes until then: for what a next engine would find out by itself. */
  saveSoon(container: Container, change: Partial<ContainerRecord>): void {
    container.record = { ...container.record, ...change };
    if (this.#unwritten.size === 0) setImmediate(() => this.#writeAll());
    this.#unwritten.add(container);
  }

  #writeAll(): void {
    const containers = [...this.#unwritten];
    this.#unwritten.clear();
    for (const container of containers) void this.save(container);
  }

  saveState(container: Container, change: Partial<ContainerState>): Promise<void> {
    return this.save(container, { state: { ...container.record.state, ...change } });
  }

  async forget(container: Container): Promise<void> {
    this.containers.delete(container);
    await this.#containerRecords.remove(container.id);
  }

  /** Tells what happened to a container, with its labels, image and name. */
  tell(container: Container, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    const { config, name, id } = container.record;
    this.events.publish('container', action, id, { ...config.Labels, image: config.Image, name, ...attributes });
  }

  /** Lets go of all containers, which go on. */
  async close(): Promise<void> {
    this.leaving = true;
    for (const container of this.containers.all()) {
      container.pendingRestart?.cancel();
      container.stopHealth?.();
      container.monitor?.disconnect();
    }
  }

  #put(record: ContainerRecord): Promise<void> {
    return this.#containerRecords.put(record.id, record);
  }
}

function memoryNodes(): number {
  try {
    return readdirSync('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length || 1;
  } catch {
    return 1;
  }
}

/** `devenv-ab12cd34`: what everything of an engine with this runtime folder is called on the machine. */
export function instanceName(runtimeDirectory: string): string {
  return `devenv-${createHash('sha256').update(runtimeDirectory).digest('hex').slice(0, 8)}`;
}
