import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { copyFiles } from '../flows/copy.js';
import { DevenvCommand } from './base/command.js';

export default class Cp extends DevenvCommand {
  static override summary = 'Copy files between this machine and a container';
  static override examples = ['<%= config.bin %> cp api:/app/log.txt .', '<%= config.bin %> cp seed.sql db:/tmp/'];
  static override args = {
    source: Args.string({ required: true, description: 'SERVICE:PATH, or a path of this machine' }),
    target: Args.string({ required: true, description: 'SERVICE:PATH, or a path of this machine' }),
  };
  static override flags = {
    index: Flags.integer({ description: 'number of the container' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cp);
    await this.withSession(flags, (session) => copyFiles(session, { ...args, index: flags.index }));
  }
}
