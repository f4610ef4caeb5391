import * as Flags from '@oclif/core/flags';
import { pruneUnusedNetworks } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';

export default class NetworkPrune extends EngineCommand {
  static override summary = 'Remove networks that no container uses';
  static override examples = ['<%= config.bin %> network prune --force'];
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'do not ask' }),
    filter: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'only those',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkPrune);
    await this.withSession(flags, (session) =>
      pruneUnusedNetworks(session, { force: flags.force ?? false, filter: flags.filter }),
    );
  }
}
