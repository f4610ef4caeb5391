import { pauseServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Pause extends DevenvCommand {
  static override summary = 'Freeze the containers';
  static override examples = ['<%= config.bin %> pause worker'];
  static override args = { services };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pause);
    const request = { services: args.services ?? [], dryRun: flags['dry-run'] ?? false };
    await this.withSession(flags, (session) => pauseServices(session, request, 'pause'));
  }
}
