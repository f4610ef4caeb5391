import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { makeNetworkOf } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkCreate extends EngineCommand {
  static override summary = 'Make a network';
  static override examples = ['<%= config.bin %> network create --subnet 172.30.0.0/24 shared'];
  static override args = {
    name: Args.string({ required: true, description: 'name' }),
  };
  static override flags = {
    attachable: Flags.boolean({ description: 'any container may join' }),
    driver: Flags.string({ char: 'd', description: 'driver (bridge)' }),
    gateway: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'address of the gateway' }),
    internal: Flags.boolean({ description: 'without a way out' }),
    'ip-range': Flags.string({ multiple: true, multipleNonGreedy: true, description: 'addresses for containers' }),
    ipv6: Flags.boolean({ description: 'with IPv6' }),
    label: Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: 'KEY=VALUE', description: 'label' }),
    opt: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      char: 'o',
      helpValue: 'KEY=VALUE',
      description: 'option of the driver',
    }),
    subnet: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'addresses, such as 172.30.0.0/16' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkCreate);
    await this.withSession(flags, (session) => makeNetworkOf(session, { ...flags, name: args.name }));
  }
}
