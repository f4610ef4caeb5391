import * as Args from '@oclif/core/args';
import { printChanges } from '../../flows/objects/containers.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerDiff extends EngineCommand {
  static override summary = 'Say what a container has changed in its file system';
  static override examples = ['<%= config.bin %> container diff shop-api-1'];
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerDiff);
    await this.withSession(flags, (session) => printChanges(session, args.container));
  }
}
