import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { removeContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerRm extends EngineCommand {
  static override summary = 'Remove containers';
  static override examples = ['<%= config.bin %> container rm --force --volumes old'];
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'also those that run' }),
    volumes: Flags.boolean({ char: 'v', description: 'their anonymous volumes too' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerRm);
    await this.withSession(flags, (session) =>
      removeContainers(session, args.containers, { force: flags.force ?? false, volumes: flags.volumes ?? false }),
    );
  }
}
