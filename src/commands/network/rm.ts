import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { removeNetworks } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkRm extends EngineCommand {
  static override summary = 'Remove networks';
  static override examples = ['<%= config.bin %> network rm shared'];
  static override aliases = ['network:remove'];
  static override args = {
    networks: Args.string({ required: true, multiple: true, description: 'networks' }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'no mistake when it is not there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkRm);
    await this.withSession(flags, (session) => removeNetworks(session, args.networks, flags.force ?? false));
  }
}
