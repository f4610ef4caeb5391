import * as Args from '@oclif/core/args';
import { bootstrapImage } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class ImageBootstrap extends DevenvCommand {
  static override summary = "Make a base image from its distribution's signed packages";
  static override examples = ['<%= config.bin %> image bootstrap debian:bookworm-slim'];
  static override args = {
    image: Args.string({ required: true, description: 'debian:SUITE[-slim] or ubuntu:SUITE' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageBootstrap);
    await this.withSession(flags, (session) => bootstrapImage(session, args.image));
  }
}
