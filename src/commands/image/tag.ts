import * as Args from '@oclif/core/args';
import { tagByName } from '../../flows/objects/images.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ImageTag extends EngineCommand {
  static override summary = 'Give an image one more name';
  static override examples = ['<%= config.bin %> image tag api:1 registry.example.com/api:1'];
  static override args = {
    source: Args.string({ required: true, description: 'image' }),
    target: Args.string({ required: true, description: 'NAME[:TAG]' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageTag);
    await this.withSession(flags, (session) => tagByName(session, args.source, args.target));
  }
}
