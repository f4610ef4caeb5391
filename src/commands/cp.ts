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
    all: Flags.boolean({ description: 'also into containers of run' }),
    archive: Flags.boolean({ char: 'a', description: 'owners go along' }),
    'follow-link': Flags.boolean({ char: 'L', description: 'a link as source stands for what it points to' }),
    index: Flags.integer({ description: 'number of the container' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cp);
    const request = {
      ...args,
      index: flags.index,
      oneOffs: flags.all ?? false,
      archive: flags.archive ?? false,
      followLink: flags['follow-link'] ?? false,
    };
    if (flags['dry-run']) return this.log(`container.copy   ${args.source}  ${args.target}`);
    await this.withSession(flags, (session) => copyFiles(session, request));
  }
}
