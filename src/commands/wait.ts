import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { waitForEnd } from '../flows/wait.js';
import { DevenvCommand } from './base/command.js';

export default class Wait extends DevenvCommand {
  static override summary =
    'Wait until the containers of the services have ended, and end with the exit code of the last';
  static override examples = ['<%= config.bin %> wait migrate'];
  static override args = { services: Args.string({ required: true, multiple: true, description: 'services' }) };
  static override flags = {
    'down-project': Flags.boolean({ description: 'take the project down then' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Wait);
    await this.withSession(flags, (session) => waitForEnd(session, args.services, flags['down-project'] ?? false));
  }
}
