import * as Flags from '@oclif/core/flags';
import { UserError } from '../../errors.js';
import { DevenvCommand } from './command.js';
import { globalFlags } from './flags.js';

/** A flag of a project that an engine's own command takes and does not need; its letter is free. */
const quiet = { multiple: true, multipleNonGreedy: true, hidden: true } as const;

/** Taken and ignored it would remove what somebody only wanted to look at. */
const noDryRun = () =>
  Flags.boolean({
    hidden: true,
    description: 'these commands have none',
    parse: async () => {
      throw new UserError('no-dry-run', 'There is no dry run of what works on the engine itself: leave it out.');
    },
  });

/**
 * Commands on the engine's own objects (`image`, `volume`, `network`, `container`, `system`): no project takes part, and
 * `-f`, `-p` mean what they mean to the docker command.
 */
export abstract class EngineCommand extends DevenvCommand {
  static override baseFlags = {
    ...globalFlags,
    file: Flags.string({ ...quiet, description: 'config file' }),
    'project-name': Flags.string({ hidden: true, description: 'name of the project' }),
    'project-directory': Flags.string({ hidden: true, description: 'folder that relative paths start from' }),
    'env-file': Flags.string({ ...quiet, description: 'variables for the config' }),
    profile: Flags.string({ ...quiet, description: 'profile to turn on' }),
    env: Flags.string({ aliases: ['env-overlay'], hidden: true, description: 'environment overlay' }),
    parallel: Flags.integer({ hidden: true, description: 'steps at once' }),
    'dry-run': noDryRun(),
  };
}
