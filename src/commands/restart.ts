import * as Flags from '@oclif/core/flags';
import { restartServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { services, stopTimeout } from './base/flags.js';

export default class Restart extends DevenvCommand {
  static override summary = 'Stop the containers and start them again';
  static override examples = ['<%= config.bin %> restart --no-deps api'];
  static override args = { services };
  static override flags = {
    'no-deps': Flags.boolean({ description: 'leave out what depends on the services' }),
    timeout: stopTimeout,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Restart);
    const request = {
      services: args.services ?? [],
      dryRun: flags['dry-run'] ?? false,
      graceMs: flags.timeout,
      dependents: !flags['no-deps'],
    };
    await this.withSession(flags, (session) => restartServices(session, request));
  }
}
