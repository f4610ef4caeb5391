import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { UserError } from '../../errors.js';
import { parseDuration } from '../../model/durations.js';

/** Several values by repeating the flag: `-f a -f b`, and not `-f a b`. */
const many = { multiple: true, multipleNonGreedy: true } as const;

/** Taken by every command, before or after its name. */
export const globalFlags = {
  file: Flags.string({ ...many, char: 'f', description: 'config file, several are merged', helpGroup: 'GLOBAL' }),
  'project-name': Flags.string({ char: 'p', description: 'name of the project', helpGroup: 'GLOBAL' }),
  'project-directory': Flags.string({ description: 'folder that relative paths start from', helpGroup: 'GLOBAL' }),
  'env-file': Flags.string({ ...many, description: 'variables for the config', helpGroup: 'GLOBAL' }),
  profile: Flags.string({ ...many, description: 'profile to turn on', helpGroup: 'GLOBAL' }),
  env: Flags.string({ aliases: ['env-overlay'], description: 'environment overlay (dev, prod…)', helpGroup: 'GLOBAL' }),
  progress: Flags.string({
    options: ['auto', 'tty', 'plain', 'json', 'quiet'],
    description: 'how progress is shown',
    helpGroup: 'GLOBAL',
  }),
  ansi: Flags.string({ options: ['auto', 'always', 'never'], description: 'colours', helpGroup: 'GLOBAL' }),
  engine: Flags.string({ description: 'devenv, docker, podman, or unix:///path', helpGroup: 'GLOBAL' }),
  parallel: Flags.integer({ description: 'steps at once, -1 for no limit', helpGroup: 'GLOBAL' }),
  compatibility: Flags.boolean({ description: 'names as Compose 1 gave them (proj_web_1)', helpGroup: 'GLOBAL' }),
  'all-resources': Flags.boolean({
    description: 'also networks and volumes that no service uses',
    helpGroup: 'GLOBAL',
  }),
  'dry-run': Flags.boolean({ description: 'show the plan and do nothing', helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ hidden: true, description: 'say of each step why it is done', helpGroup: 'GLOBAL' }),
};

/** Over what each service's `isolation` says. */
export const isolation = Flags.string({
  options: ['default', 'strict'],
  description: 'strict: a root that is only read, no capabilities, limits',
});

/** Seconds, or a duration (`1m30s`). */
export const duration = Flags.custom<number>({
  parse: async (text) => {
    const ms = parseDuration(text);
    if (ms === undefined)
      throw new UserError('bad-duration', `"${text}" is no duration: use 10 (seconds), 1m30s, 500ms`);
    return ms;
  },
});

export const stopTimeout = duration({
  char: 't',
  helpValue: 'seconds',
  description: 'time to stop by itself, then it is killed',
});

export const format = (values: string) =>
  Flags.string({ default: 'table', helpValue: values, description: `${values}, or a template such as {{.Name}}` });

/** `--filter KEY=VALUE`, of lists and prunes. */
export const filter = Flags.string({ ...many, helpValue: 'KEY=VALUE', description: 'only those' });
export const filterWithF = Flags.string({ ...many, helpValue: 'KEY=VALUE', char: 'f', description: 'only those' });

/** What every prune asks. */
export const pruneFlags = { force: Flags.boolean({ char: 'f', description: 'do not ask' }), filter };

/** Of `stats`, of a project's services and of any containers. */
export const statsFlags = {
  all: Flags.boolean({ char: 'a', description: 'also those that do not run' }),
  format: format('table, json'),
  'no-stream': Flags.boolean({ description: 'once' }),
  'no-trunc': Flags.boolean({ description: 'show all of it' }),
};

export const services = Args.string({ multiple: true, description: 'services; all when none is named' });
