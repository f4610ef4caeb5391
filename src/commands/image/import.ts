import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { importTar } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageImport extends EngineCommand {
  static override summary = 'Make an image of a tar of a file system';
  static override examples = ['<%= config.bin %> image import rootfs.tar base:1 --change \'CMD ["sh"]\''];
  static override args = {
    source: Args.string({ required: true, description: 'file, address, or - for standard input' }),
    reference: Args.string({ description: 'NAME[:TAG]' }),
  };
  static override flags = {
    change: Flags.string({ multiple: true, multipleNonGreedy: true, char: 'c', description: 'a line of a Dockerfile' }),
    message: Flags.string({ char: 'm', description: 'what it is' }),
    platform: Flags.string({ description: 'OS/ARCHITECTURE' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageImport);
    await this.withSession(flags, (session) =>
      importTar(session, {
        source: args.source,
        changes: flags.change ?? [],
        reference: args.reference,
        message: flags.message,
        platform: flags.platform,
      }),
    );
  }
}
