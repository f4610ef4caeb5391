import * as Args from '@oclif/core/args';
import { unpauseContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerUnpause extends EngineCommand {
  static override summary = 'Thaw frozen containers';
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerUnpause);
    await this.withSession(flags, (session) => unpauseContainers(session, args.containers));
  }
}
