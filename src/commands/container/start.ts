import * as Args from '@oclif/core/args';
import { startContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerStart extends EngineCommand {
  static override summary = 'Start stopped containers';
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerStart);
    await this.withSession(flags, (session) => startContainers(session, args.containers));
  }
}
