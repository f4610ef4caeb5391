import * as Flags from '@oclif/core/flags';
import { pushServices } from '../flows/push.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Push extends DevenvCommand {
  static override summary = 'Push the images of the services to their registries';
  static override examples = ['<%= config.bin %> push --include-deps api'];
  static override args = { services };
  static override flags = {
    'ignore-push-failures': Flags.boolean({ description: 'go on when one cannot be pushed' }),
    'include-deps': Flags.boolean({ description: 'also what the services depend on' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Push);
    const request = {
      services: args.services ?? [],
      dependencies: flags['include-deps'] ?? false,
      ignoreFailures: flags['ignore-push-failures'] ?? false,
      quiet: flags.quiet ?? false,
      dryRun: flags['dry-run'] ?? false,
    };
    await this.withSession(flags, (session) => pushServices(session, request));
  }
}
