import * as Flags from '@oclif/core/flags';
import { pruneUnusedVolumes } from '../../flows/objects/volumes.js';
import { EngineCommand } from '../base/engine-command.js';
import { pruneFlags } from '../base/flags.js';

export default class VolumePrune extends EngineCommand {
  static override summary = 'Remove volumes that no container uses';
  static override examples = ['<%= config.bin %> volume prune --all --force'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that have a name' }),
    ...pruneFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumePrune);
    await this.withSession(flags, (session) =>
      pruneUnusedVolumes(session, { force: flags.force ?? false, all: flags.all ?? false, filter: flags.filter }),
    );
  }
}
