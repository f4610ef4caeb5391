import * as Flags from '@oclif/core/flags';
import { buildServices } from '../flows/images.js';
import { DevenvCommand } from './base/command.js';
import { pairs, services } from './base/flags.js';

export default class Build extends DevenvCommand {
  static override summary = 'Build the images of the services';
  static override args = { services };
  static override flags = {
    'no-cache': Flags.boolean({ description: 'do every step anew' }),
    pull: Flags.boolean({ description: 'look for newer base images' }),
    'build-arg': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'value of an ARG',
    }),
    'with-dependencies': Flags.boolean({ description: 'also what the services depend on' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Build);
    const request = {
      services: args.services ?? [],
      noCache: flags['no-cache'] ?? false,
      pull: flags.pull ?? false,
      args: pairs(flags['build-arg'], process.env),
      quiet: flags.quiet ?? false,
      dependencies: flags['with-dependencies'] ?? false,
      dryRun: flags['dry-run'] ?? false,
    };
    const values = flags.quiet ? { ...flags, progress: 'quiet' } : flags;
    await this.withSession(values, (session) => buildServices(session, request));
  }
}
