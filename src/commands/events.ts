import * as Flags from '@oclif/core/flags';
import { showEvents } from '../flows/events.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Events extends DevenvCommand {
  static override summary = 'Show what happens to the containers, as it happens';
  static override examples = ['<%= config.bin %> events --json api'];
  static override args = { services };
  static override flags = {
    json: Flags.boolean({ description: 'an object a line' }),
    since: Flags.string({ description: 'from then on' }),
    until: Flags.string({ description: 'until then' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Events);
    const { since, until, json = false } = flags;
    await this.withSession(flags, (session) =>
      showEvents(session, { services: args.services ?? [], since, until, json }),
    );
  }
}
