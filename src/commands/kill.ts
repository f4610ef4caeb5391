import * as Flags from '@oclif/core/flags';
import { killServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Kill extends DevenvCommand {
  static override summary = 'Send the containers a signal';
  static override examples = ['<%= config.bin %> kill --signal SIGHUP web'];
  static override args = { services };
  static override flags = {
    signal: Flags.string({ char: 's', default: 'SIGKILL', description: 'signal' }),
    'remove-orphans': Flags.boolean({ description: 'also containers of services that are gone from the config' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Kill);
    const request = {
      services: args.services ?? [],
      dryRun: flags['dry-run'] ?? false,
      signal: flags.signal,
      removeOrphans: flags['remove-orphans'] ?? false,
    };
    await this.withSession(flags, (session) => killServices(session, request));
  }
}
