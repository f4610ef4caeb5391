import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { exportService } from '../flows/commit-export.js';
import { DevenvCommand } from './base/command.js';

export default class Export extends DevenvCommand {
  static override summary = "Write the file system of a service's container as a tar";
  static override examples = ['<%= config.bin %> export api -o api.tar'];
  static override args = { service: Args.string({ required: true, description: 'service' }) };
  static override flags = {
    index: Flags.integer({ description: 'number of the container' }),
    output: Flags.string({ char: 'o', description: 'into this file, instead of standard output' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Export);
    const { index, output } = flags;
    await this.withSession(flags, (session) =>
      exportService(session, { service: args.service, index, output, dryRun: flags['dry-run'] ?? false }),
    );
  }
}
