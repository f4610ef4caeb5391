import * as Args from '@oclif/core/args';
import { pauseContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerPause extends EngineCommand {
  static override summary = 'Freeze containers';
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerPause);
    await this.withSession(flags, (session) => pauseContainers(session, args.containers));
  }
}
