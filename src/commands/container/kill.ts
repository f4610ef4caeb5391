import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { killContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerKill extends EngineCommand {
  static override summary = 'Send running containers a signal';
  static override examples = ['<%= config.bin %> container kill --signal HUP shop-web-1'];
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };
  static override flags = {
    signal: Flags.string({ char: 's', default: 'SIGKILL', description: 'signal' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerKill);
    await this.withSession(flags, (session) => killContainers(session, args.containers, flags.signal));
  }
}
