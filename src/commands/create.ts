import * as Flags from '@oclif/core/flags';
import { up } from '../flows/up-command.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Create extends DevenvCommand {
  static override summary = 'Create the containers without starting them';
  static override examples = ['<%= config.bin %> create --build'];
  static override args = { services };
  static override flags = {
    build: Flags.boolean({ description: 'build the images first', exclusive: ['no-build'] }),
    'no-build': Flags.boolean({ description: 'build nothing, even if it is missing' }),
    pull: Flags.string({ options: ['always', 'missing', 'never', 'policy'], description: 'when to pull images' }),
    'quiet-pull': Flags.boolean({ description: 'pull without progress' }),
    'force-recreate': Flags.boolean({ description: 'make all anew', exclusive: ['no-recreate'] }),
    'no-recreate': Flags.boolean({ description: 'keep what is there, even if it is out of date' }),
    'remove-orphans': Flags.boolean({ description: 'remove containers of services that are gone from the config' }),
    scale: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'SERVICE=NUM',
      description: 'containers of a service',
    }),
    yes: Flags.boolean({ char: 'y', description: 'answer yes to all questions' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Create);
    await this.withSession(flags, (session) =>
      up(session, { ...flags, services: args.services ?? [], mayBeEmpty: true, 'no-start': true }),
    );
  }
}
