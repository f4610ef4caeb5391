import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { inspectImages } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageInspect extends EngineCommand {
  static override summary = 'Print everything that the engine knows of images';
  static override examples = ["<%= config.bin %> image inspect --format '{{json .Config.Env}}' api:1"];
  static override args = {
    images: Args.string({ required: true, multiple: true, description: 'images' }),
  };
  static override flags = {
    format: Flags.string({ char: 'f', helpValue: 'json|TEMPLATE', description: 'json, or a template such as {{.Id}}' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageInspect);
    await this.withSession(flags, (session) => inspectImages(session, args.images, flags.format));
  }
}
