import * as Flags from '@oclif/core/flags';
import { pruneUnusedImages } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';
import { pruneFlags } from '../base/flags.js';

export default class ImagePrune extends EngineCommand {
  static override summary = 'Remove images that nothing uses';
  static override examples = ['<%= config.bin %> image prune --all --filter until=72h'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that have a name' }),
    ...pruneFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImagePrune);
    await this.withSession(flags, (session) =>
      pruneUnusedImages(session, { force: flags.force ?? false, all: flags.all ?? false, filter: flags.filter }),
    );
  }
}
