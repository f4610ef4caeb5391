import * as Args from '@oclif/core/args';
import { waitForContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerWait extends EngineCommand {
  static override summary = 'Wait until containers end, and print their exit codes';
  static override examples = ['<%= config.bin %> container wait shop-migrate-1'];
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerWait);
    await this.withSession(flags, (session) => waitForContainers(session, args.containers));
  }
}
