import { pruneStoppedContainers } from '../../flows/objects/containers.js';
import { EngineCommand } from '../base/engine-command.js';
import { pruneFlags } from '../base/flags.js';

export default class ContainerPrune extends EngineCommand {
  static override summary = 'Remove all stopped containers';
  static override examples = ['<%= config.bin %> container prune --force --filter until=24h'];
  static override flags = {
    ...pruneFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ContainerPrune);
    await this.withSession(flags, (session) =>
      pruneStoppedContainers(session, { force: flags.force ?? false, filter: flags.filter }),
    );
  }
}
