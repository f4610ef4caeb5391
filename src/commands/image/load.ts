import * as Flags from '@oclif/core/flags';
import { loadTar } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageLoad extends EngineCommand {
  static override summary = 'Take images from a tar';
  static override examples = ['<%= config.bin %> image load --input api.tar'];
  static override flags = {
    input: Flags.string({ char: 'i', description: 'from this file, instead of standard input' }),
    quiet: Flags.boolean({ char: 'q', description: 'without progress' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImageLoad);
    await this.withSession(flags, (session) => loadTar(session, flags.input, flags.quiet ?? false));
  }
}
