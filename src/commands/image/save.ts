import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { saveByName } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageSave extends EngineCommand {
  static override summary = 'Write images into a tar';
  static override examples = ['<%= config.bin %> image save api:1 db:1 --output images.tar'];
  static override args = {
    images: Args.string({ required: true, multiple: true, description: 'images' }),
  };
  static override flags = {
    output: Flags.string({ char: 'o', description: 'into this file' }),
    platform: Flags.string({ description: 'OS/ARCHITECTURE' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageSave);
    await this.withSession(flags, (session) =>
      saveByName(session, { images: args.images, output: flags.output, platform: flags.platform }),
    );
  }
}
