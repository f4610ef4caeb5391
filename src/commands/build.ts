import * as Flags from '@oclif/core/flags';
import { bakeFile, parseMemory } from '../flows/bake.js';
import { buildServices } from '../flows/images.js';
import { pushServices } from '../flows/push.js';
import { DevenvCommand } from './base/command.js';
import { pairs, services } from './base/flags.js';

export default class Build extends DevenvCommand {
  static override summary = 'Build the images of the services';
  static override args = { services };
  static override flags = {
    'no-cache': Flags.boolean({ description: 'do every step anew' }),
    memory: Flags.string({ char: 'm', helpValue: 'BYTES', description: 'memory of each step (512m)' }),
    print: Flags.boolean({ description: 'print what would be built as a bake file, and build nothing' }),
    push: Flags.boolean({ description: 'push the images then' }),
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
      memoryBytes: parseMemory(flags.memory),
      dependencies: flags['with-dependencies'] ?? false,
      dryRun: flags['dry-run'] ?? false,
    };
    const values = flags.quiet ? { ...flags, progress: 'quiet' } : flags;
    const push = {
      services: request.services,
      dependencies: request.dependencies,
      ignoreFailures: false,
      quiet: request.quiet,
      dryRun: request.dryRun,
    };
    await this.withSession(values, async (session) => {
      if (flags.print) return session.terminal.data(await bakeFile(session, request));
      await buildServices(session, request);
      if (flags.push) await pushServices(session, push);
    });
  }
}
