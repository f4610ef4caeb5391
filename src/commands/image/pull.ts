import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { pullByName } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImagePull extends EngineCommand {
  static override summary = 'Pull an image';
  static override examples = ['<%= config.bin %> image pull --platform linux/amd64 postgres:17'];
  static override args = {
    image: Args.string({ required: true, description: 'NAME[:TAG] or NAME@DIGEST' }),
  };
  static override flags = {
    'all-tags': Flags.boolean({ char: 'a', description: 'every tag of it' }),
    platform: Flags.string({ description: 'OS/ARCHITECTURE' }),
    quiet: Flags.boolean({ char: 'q', description: 'print the name alone' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImagePull);
    await this.withSession(flags, (session) =>
      pullByName(session, {
        image: args.image,
        platform: flags.platform,
        quiet: flags.quiet ?? false,
        allTags: flags['all-tags'] ?? false,
      }),
    );
  }
}
