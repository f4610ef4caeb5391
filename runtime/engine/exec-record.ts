import type { EventEmitter } from 'node:events';
import type { RunningExec } from '../launch/types.js';
import type { ExecConfig } from './types.js';

/** An exec in this engine's memory; it does not survive the engine, as Docker's do not. */
export interface Exec {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  state: 'created' | 'running' | 'exited';
  exitCode: number | undefined;
  pid: number;
  running: RunningExec | undefined;
  /** `begun` when it runs, or never will. */
  readonly turns: EventEmitter;
}
