import * as Flags from '@oclif/core/flags';
import { lock } from '../flows/lock/lock.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Lock extends DevenvCommand {
  static override summary = 'Write down which images every environment is made of, by digest';
  static override description =
    'devenv-lock.yml belongs into the repo: devenv up --locked takes these images and no others. What is locked stays as it is until --update.';
  static override examples = [
    { description: 'What is not locked yet', command: '<%= config.bin %> lock' },
    { description: "The newest of one service's image", command: '<%= config.bin %> lock --update db' },
    { description: 'In CI: whether the file fits the config', command: '<%= config.bin %> lock --check' },
  ];
  static override args = { services };
  static override flags = {
    update: Flags.boolean({ description: 'digests anew, of the services named or of all' }),
    check: Flags.boolean({
      description: 'change nothing; end with 1 when the file does not fit',
      exclusive: ['update'],
    }),
    platform: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'OS/ARCH',
      description: 'platforms that each image must have',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Lock);
    await this.withSession(flags, (session) =>
      lock(session, {
        services: args.services ?? [],
        update: flags.update ?? false,
        check: flags.check ?? false,
        platforms: flags.platform ?? [],
      }),
    );
  }
}
