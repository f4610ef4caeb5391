import * as Flags from '@oclif/core/flags';
import { pruneUnusedVolumes } from '../../flows/objects/volumes.js';
import { EngineCommand } from '../base/engine-command.js';

export default class VolumePrune extends EngineCommand {
  static override summary = 'Remove volumes that no container uses';
  static override examples = ['<%= config.bin %> volume prune --all --force'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that have a name' }),
    force: Flags.boolean({ char: 'f', description: 'do not ask' }),
    filter: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'only those',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumePrune);
    await this.withSession(flags, (session) =>
      pruneUnusedVolumes(session, { force: flags.force ?? false, all: flags.all ?? false, filter: flags.filter }),
    );
  }
}
