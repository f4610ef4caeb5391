import * as Args from '@oclif/core/args';
import { renameByName } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerRename extends EngineCommand {
  static override summary = 'Give a container another name';
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
    name: Args.string({ required: true, description: 'the new name' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerRename);
    await this.withSession(flags, (session) => renameByName(session, args.container, args.name));
  }
}
