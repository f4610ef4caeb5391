import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { inspectNetworks } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkInspect extends EngineCommand {
  static override summary = 'Print everything that the engine knows of networks';
  static override examples = [
    "<%= config.bin %> network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' shop_default",
  ];
  static override args = {
    networks: Args.string({ required: true, multiple: true, description: 'networks' }),
  };
  static override flags = {
    format: Flags.string({
      char: 'f',
      helpValue: 'json|TEMPLATE',
      description: 'json, or a template such as {{.Driver}}',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkInspect);
    await this.withSession(flags, (session) => inspectNetworks(session, args.networks, flags.format));
  }
}
