import { stopServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { services, stopTimeout } from './base/flags.js';

export default class Stop extends DevenvCommand {
  static override summary = 'Stop the containers and keep them';
  static override examples = ['<%= config.bin %> stop --timeout 5 api'];
  static override args = { services };
  static override flags = {
    timeout: stopTimeout,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stop);
    const request = { services: args.services ?? [], dryRun: flags['dry-run'] ?? false, graceMs: flags.timeout };
    await this.withSession(flags, (session) => stopServices(session, request));
  }
}
