import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { removeImages } from '../../flows/engine.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageRm extends EngineCommand {
  static override summary = 'Remove images from the engine';
  static override examples = ['<%= config.bin %> image rm api:1'];
  static override args = { images: Args.string({ required: true, multiple: true, description: 'images' }) };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'even if containers were made from it' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageRm);
    await this.withSession(flags, (session) => removeImages(session, args.images, flags.force ?? false));
  }
}
