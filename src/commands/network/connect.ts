import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { joinNetwork } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkConnect extends EngineCommand {
  static override summary = 'Join a container to a network';
  static override examples = ['<%= config.bin %> network connect --alias cache shared shop-cache-1'];
  static override args = {
    network: Args.string({ required: true, description: 'network' }),
    container: Args.string({ required: true, description: 'container' }),
  };
  static override flags = {
    alias: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'one more name for it there' }),
    ip: Flags.string({ description: 'its IPv4 address there' }),
    ip6: Flags.string({ description: 'its IPv6 address there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkConnect);
    await this.withSession(flags, (session) =>
      joinNetwork(session, { ...args, aliases: flags.alias ?? [], ip: flags.ip, ip6: flags.ip6 }),
    );
  }
}
