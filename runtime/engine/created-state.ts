import { NEVER } from './time.js';
import type { ContainerState } from './types.js';

/** Of a container that has never been started. */
export const CREATED: ContainerState = {
  Status: 'created',
  Running: false,
  Paused: false,
  Restarting: false,
  OOMKilled: false,
  Dead: false,
  Pid: 0,
  ExitCode: 0,
  Error: '',
  StartedAt: NEVER,
  FinishedAt: NEVER,
};
