import type { AttachChoice, AttachStream, ExitStatus, Monitor } from '../launch/types.js';
import type { Kept } from './kept.js';
import { Mutex } from './mutex.js';
import type { ContainerRecord } from './types.js';

/** How a wait ends. */
export interface WaitResult {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
}

/** A client that attached before there was a process. */
export interface PendingAttach {
  readonly choice: AttachChoice;
  readonly connected: (stream: AttachStream) => void;
  readonly failed: (error: unknown) => void;
}

/** A container in this engine's memory: its record, and what is alive of it. */
export class Container {
  readonly lock = new Mutex();
  /** Of the running process. */
  monitor: Monitor | undefined;
  /** Settles when the exit of the running process has been dealt with: state, networks, events. */
  settled: Promise<void> = Promise.resolve();
  readonly pendingAttaches = new Set<PendingAttach>();
  readonly exitWaiters = new Set<(result: WaitResult) => void>();
  readonly removalWaiters = new Set<(result: WaitResult) => void>();
  readonly execIds = new Set<string>();
  /** Ends the health probes of the running process. */
  stopHealth: (() => void) | undefined;
  /** A restart that waits for its turn. */
  pendingRestart: { readonly cancel: () => void } | undefined;
  backoffMs = 0;
  removing = false;
  /** A client has asked for the end of the running process. */
  endingByHand = false;
  /** What a restart keeps of the run that it ends. */
  kept: Kept | undefined;
  /** This engine has started the running process, and no privileged exec has been in it since. */
  isUntouched = false;
  /** How the running process has ended, once it has. */
  lastExit: ExitStatus | undefined;

  constructor(public record: ContainerRecord) {}

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  get isRunning(): boolean {
    return this.record.state.Running;
  }
}
