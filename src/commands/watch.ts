import * as Flags from '@oclif/core/flags';
import { watchServices } from '../flows/watch/command.js';
import { writeRules } from '../flows/watch/write.js';
import { DevenvCommand } from './base/command.js';
import { services, stopTimeout } from './base/flags.js';

export default class Watch extends DevenvCommand {
  static override summary = 'Bring changed files into the running services';
  static override description =
    'As "develop: watch:" of each service says; for a service that says nothing, as its Dockerfile suggests.';
  static override examples = [
    { description: 'All services, until Ctrl-C', command: '<%= config.bin %> watch' },
    { description: 'One service that runs already', command: '<%= config.bin %> watch --no-up api' },
  ];
  static override args = { services };
  static override flags = {
    'no-up': Flags.boolean({ description: 'do not bring the services up first' }),
    write: Flags.boolean({ description: 'write the rules that Dockerfiles suggest into the config file, and leave' }),
    quiet: Flags.boolean({ description: 'show nothing of what builds print' }),
    prune: Flags.boolean({
      description: 'remove the images of the project that a rebuild leaves without a name',
      default: true,
      allowNo: true,
    }),
    timeout: stopTimeout,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Watch);
    await this.withSession(flags, (session) => {
      if (flags.write) return writeRules(session, args.services ?? []);
      return watchServices(session, {
        services: args.services ?? [],
        up: !flags['no-up'],
        dryRun: flags['dry-run'] ?? false,
        graceMs: flags.timeout,
        quiet: flags.quiet ?? false,
        prune: flags.prune,
      });
    });
  }
}
