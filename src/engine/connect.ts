import { UserError } from '../errors.js';
import { EngineClient } from './client.js';
import { type EngineChoice, locateEngine } from './locate.js';
import type { Environment } from './paths.js';
import { answers, startEngine } from './start.js';

export interface ConnectOptions {
  readonly engine?: string;
  readonly env: Environment;
  readonly uid: number;
  readonly connections?: number;
}

/** A client of the engine that was asked for; ours is started when it does not answer. */
export async function connectEngine(options: ConnectOptions): Promise<EngineClient> {
  const choice = locateEngine(options.engine, options.env, options.uid);
  if (!(await answers(choice.address))) {
    if (!choice.own) throw notThere(choice);
    await startEngine(choice.paths, options.env);
  }
  const { connections } = options;
  return new EngineClient(choice.address, { own: choice.own, ...(connections ? { connections } : {}) });
}

function notThere(choice: Extract<EngineChoice, { own: false }>): UserError {
  const { address } = choice;
  const where = 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;
  return new UserError('engine-not-there', `No engine answers at ${where} (${choice.name}).`, [
    'Start it, or leave out --engine and DEVENV_ENGINE to use the engine of devenv.',
  ]);
}
