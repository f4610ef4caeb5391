import * as Args from '@oclif/core/args';
import { printProcesses } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerTop extends EngineCommand {
  static override summary = 'List the processes in a container';
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerTop);
    await this.withSession(flags, (session) => printProcesses(session, args.container));
  }
}
