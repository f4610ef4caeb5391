import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { commitByName } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerCommit extends EngineCommand {
  static override summary = 'Make an image of what a container has become';
  static override examples = ['<%= config.bin %> container commit shop-api-1 api:broken'];
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
    reference: Args.string({ description: 'REPOSITORY[:TAG]' }),
  };
  static override flags = {
    author: Flags.string({ char: 'a', description: 'who made it' }),
    change: Flags.string({ multiple: true, multipleNonGreedy: true, char: 'c', description: 'a line of a Dockerfile' }),
    message: Flags.string({ char: 'm', description: 'what it is' }),
    pause: Flags.boolean({ char: 'p', default: true, allowNo: true, description: 'freeze it meanwhile' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerCommit);
    await this.withSession(flags, (session) =>
      commitByName(session, args.container, args.reference, { ...flags, changes: flags.change ?? [] }),
    );
  }
}
