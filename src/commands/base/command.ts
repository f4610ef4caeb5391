import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { withComposeVariables } from '../../flows/compose-variables.js';
import { type GlobalOptions, Session, type World } from '../../flows/session.js';
import type { AnsiMode } from '../../output/terminal.js';
import { globalFlags } from './flags.js';

/** Values of the flags that every command has; a command may have a shorter list of its own. */
interface GlobalValues {
  readonly file?: string[] | undefined;
  readonly 'env-file'?: string[] | undefined;
  readonly profile?: string[] | undefined;
  readonly 'project-name'?: string | undefined;
  readonly 'project-directory'?: string | undefined;
  /** The environment; in `exec` and `run` the flag of that name is the program's variables. */
  readonly env?: string | string[] | undefined;
  readonly 'env-overlay'?: string | undefined;
  readonly engine?: string | undefined;
  readonly isolation?: string | undefined;
  readonly progress?: string | undefined;
  readonly ansi?: string | undefined;
  readonly parallel?: number | undefined;
  readonly compatibility?: boolean | undefined;
  readonly 'all-resources'?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/** A command parses its words, calls a flow and prints what the flow gives. */
export abstract class DevenvCommand extends Command {
  static override baseFlags = globalFlags;

  /** What oclif's own `run` does but for loading its whole configuration anew. */
  static async start(
    this: new (
      argv: string[],
      config: Config,
    ) => DevenvCommand,
    argv: string[],
    config: Config,
  ): Promise<void> {
    await new this(argv, config)._run();
  }

  /** Opens a session for the length of `work`. A number that it gives is the exit code. */
  protected async withSession(values: GlobalValues, work: (session: Session) => Promise<unknown>): Promise<void> {
    const env = withComposeVariables(process.env, {
      cwd: process.cwd(),
      files: values.file ?? [],
      envFiles: values['env-file'] ?? [],
      projectDirectory: values['project-directory'],
    });
    const session = new Session(this.world(env), toOptions(values, env));
    try {
      const code = await work(session);
      if (typeof code === 'number') process.exitCode = code;
    } finally {
      await session.close();
    }
  }

  private world(env: World['env']): World {
    return {
      cwd: process.cwd(),
      env,
      uid: process.getuid?.() ?? 0,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      version: this.config.version,
    };
  }
}

const first = <T extends string>(allowed: readonly T[], ...values: (string | undefined)[]): T => {
  const given = values.find((value) => value !== undefined && value !== '');
  return allowed.find((value) => value === given) ?? allowed[0]!;
};

const isTrue = (text: string | undefined) => /^(?:1|t|true|y|yes)$/i.test(text ?? '');

/** A flag beats Compose's variable, which beats the default. */
export function toOptions(values: GlobalValues, env: Readonly<Record<string, string | undefined>>): GlobalOptions {
  const parallel = values.parallel ?? (env.COMPOSE_PARALLEL_LIMIT ? Number(env.COMPOSE_PARALLEL_LIMIT) : undefined);
  const environment = values['env-overlay'] ?? (typeof values.env === 'string' ? values.env : undefined);
  return {
    files: values.file ?? [],
    envFiles: values['env-file'] ?? [],
    profiles: values.profile ?? [],
    progress: first(['auto', 'tty', 'plain', 'json', 'quiet'], values.progress, env.COMPOSE_PROGRESS),
    ansi: first<AnsiMode>(['auto', 'always', 'never'], values.ansi, env.COMPOSE_ANSI),
    ...(values['project-name'] ? { projectName: values['project-name'] } : {}),
    ...(values['project-directory'] ? { projectDirectory: values['project-directory'] } : {}),
    ...(environment ? { environment } : {}),
    ...(values.engine ? { engine: values.engine } : {}),
    ...((values.compatibility ?? isTrue(env.COMPOSE_COMPATIBILITY)) ? { compatibility: true } : {}),
    ...(values['all-resources'] ? { allResources: true } : {}),
    ...(values.verbose ? { verbose: true } : {}),
    ...(values.isolation ? { isolation: values.isolation } : {}),
    ...(parallel ? { parallel: parallel < 0 ? Number.POSITIVE_INFINITY : parallel } : {}),
  };
}
