import * as Flags from '@oclif/core/flags';
import { bringDown } from '../flows/down.js';
import { DevenvCommand } from './base/command.js';
import { services, stopTimeout } from './base/flags.js';

export default class Down extends DevenvCommand {
  static override summary = 'Stop and remove the containers and networks of the project';
  static override examples = ['<%= config.bin %> down', '<%= config.bin %> down --volumes --rmi local'];
  static override args = { services };
  static override flags = {
    volumes: Flags.boolean({ char: 'v', description: 'remove its volumes too: their data is lost' }),
    rmi: Flags.string({ options: ['all', 'local'], description: 'remove its images too' }),
    'remove-orphans': Flags.boolean({ description: 'also containers of services that are gone from the config' }),
    timeout: stopTimeout,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Down);
    const options = {
      services: args.services ?? [],
      volumes: flags.volumes ?? false,
      images: flags.rmi as 'all' | 'local' | undefined,
      removeOrphans: flags['remove-orphans'] ?? false,
      graceMs: flags.timeout,
    };
    await this.withSession(flags, (session) => bringDown(session, options, flags['dry-run'] ?? false));
  }
}
