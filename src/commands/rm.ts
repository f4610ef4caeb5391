import * as Flags from '@oclif/core/flags';
import { removeServices } from '../flows/lifecycle.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Rm extends DevenvCommand {
  static override summary = 'Remove stopped containers';
  static override examples = ['<%= config.bin %> rm --stop --force api'];
  static override args = { services };
  static override flags = {
    // Of Compose 1: taken, and without a meaning, as in Compose 2.
    all: Flags.boolean({ char: 'a', hidden: true }),
    file: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'config file', helpGroup: 'GLOBAL' }),
    force: Flags.boolean({ char: 'f', description: 'do not ask' }),
    stop: Flags.boolean({ char: 's', description: 'stop them first' }),
    volumes: Flags.boolean({ char: 'v', description: 'with their anonymous volumes' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rm);
    const request = {
      services: args.services ?? [],
      dryRun: flags['dry-run'] ?? false,
      stop: flags.stop ?? false,
      volumes: flags.volumes ?? false,
      force: flags.force ?? false,
    };
    await this.withSession(flags, (session) => removeServices(session, request));
  }
}
