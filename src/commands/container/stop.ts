import * as Args from '@oclif/core/args';
import { stopContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';
import { duration } from '../base/flags.js';

export default class ContainerStop extends EngineCommand {
  static override summary = 'Stop running containers';
  static override examples = ['<%= config.bin %> container stop --time 2 shop-api-1'];
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };
  static override flags = {
    time: duration({ char: 't', aliases: ['timeout'], helpValue: 'seconds', description: 'time to stop by itself' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerStop);
    await this.withSession(flags, (session) => stopContainers(session, args.containers, flags.time));
  }
}
