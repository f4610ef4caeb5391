import * as Flags from '@oclif/core/flags';
import { pullServices } from '../flows/images.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Pull extends DevenvCommand {
  static override summary = 'Pull the images of the services';
  static override examples = ['<%= config.bin %> pull --ignore-pull-failures'];
  static override args = { services };
  static override flags = {
    policy: Flags.string({ options: ['always', 'missing'], default: 'always', description: 'when to pull' }),
    'ignore-pull-failures': Flags.boolean({ description: 'go on when one cannot be pulled' }),
    'include-deps': Flags.boolean({ description: 'also what the services depend on' }),
    'ignore-buildable': Flags.boolean({ description: 'leave out images that can be built (they always are)' }),
    // Of Compose 1: taken, and without a meaning, as in Compose 2.
    'no-parallel': Flags.boolean({ hidden: true }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    const request = {
      services: args.services ?? [],
      policy: flags.policy as 'always' | 'missing',
      ignoreBuildable: true,
      ignoreFailures: flags['ignore-pull-failures'] ?? false,
      dependencies: flags['include-deps'] ?? false,
      dryRun: flags['dry-run'] ?? false,
    };
    const values = flags.quiet ? { ...flags, progress: 'quiet' } : flags;
    await this.withSession(values, (session) => pullServices(session, request));
  }
}
