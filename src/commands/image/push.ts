import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { pushByName } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImagePush extends EngineCommand {
  static override summary = 'Push an image to its registry';
  static override examples = ['<%= config.bin %> image push registry.example.com/api:1'];
  static override args = {
    image: Args.string({ required: true, description: 'NAME[:TAG]' }),
  };
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'print the name alone' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImagePush);
    await this.withSession(flags, (session) => pushByName(session, args.image, flags.quiet ?? false));
  }
}
