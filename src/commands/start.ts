import * as Flags from '@oclif/core/flags';
import { startServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { duration, services } from './base/flags.js';

export default class Start extends DevenvCommand {
  static override summary = 'Start containers that are there';
  static override examples = ['<%= config.bin %> start api'];
  static override args = { services };
  static override flags = {
    wait: Flags.boolean({ description: 'leave once all are running and healthy' }),
    'wait-timeout': duration({ helpValue: 'seconds', description: 'how long to wait at most' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Start);
    const request = {
      services: args.services ?? [],
      dryRun: flags['dry-run'] ?? false,
      wait: flags.wait ?? false,
      waitTimeoutMs: flags['wait-timeout'],
    };
    await this.withSession(flags, (session) => startServices(session, request));
  }
}
