import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { leaveNetwork } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkDisconnect extends EngineCommand {
  static override summary = 'Part a container from a network';
  static override examples = ['<%= config.bin %> network disconnect shared shop-cache-1'];
  static override args = {
    network: Args.string({ required: true, description: 'network' }),
    container: Args.string({ required: true, description: 'container' }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'even if it cannot be told' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkDisconnect);
    await this.withSession(flags, (session) =>
      leaveNetwork(session, args.network, args.container, flags.force ?? false),
    );
  }
}
