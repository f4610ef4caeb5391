import { pruneUnusedNetworks } from '../../flows/objects/networks.js';
import { EngineCommand } from '../base/engine-command.js';
import { pruneFlags } from '../base/flags.js';

export default class NetworkPrune extends EngineCommand {
  static override summary = 'Remove networks that no container uses';
  static override examples = ['<%= config.bin %> network prune --force'];
  static override flags = {
    ...pruneFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkPrune);
    await this.withSession(flags, (session) =>
      pruneUnusedNetworks(session, { force: flags.force ?? false, filter: flags.filter }),
    );
  }
}
