import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { exportByName } from '../../flows/commit-export.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerExport extends EngineCommand {
  static override summary = "Write a container's file system as a tar";
  static override examples = ['<%= config.bin %> container export shop-api-1 -o api.tar'];
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
  };
  static override flags = {
    output: Flags.string({ char: 'o', description: 'into this file' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerExport);
    await this.withSession(flags, (session) => exportByName(session, args.container, flags.output));
  }
}
