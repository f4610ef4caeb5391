import path from 'node:path';

/** Where our engine keeps its things; the same rules as the engine's own. */
export interface EnginePaths {
  readonly home: string;
  readonly runtime: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** From `DEVENV_HOME` and `DEVENV_RUNTIME_DIR`, or their defaults for root and for everybody else (XDG). */
export function enginePaths(env: Environment, uid: number): EnginePaths {
  const ownHome = env.HOME ?? '/';
  const home =
    env.DEVENV_HOME ??
    (uid === 0 ? '/var/lib/devenv' : path.join(env.XDG_DATA_HOME ?? path.join(ownHome, '.local/share'), 'devenv'));
  const runtime =
    env.DEVENV_RUNTIME_DIR ??
    (uid === 0 ? '/run/devenv' : path.join(env.XDG_RUNTIME_DIR ?? `/tmp/devenv-${uid}`, 'devenv'));
  return {
    home: path.resolve(home),
    runtime: path.resolve(runtime),
    socket: path.resolve(runtime, 'engine.sock'),
    pidFile: path.resolve(runtime, 'engine.pid'),
    logFile: path.resolve(runtime, 'engine.log'),
  };
}
