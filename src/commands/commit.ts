import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { commitService } from '../flows/commit-export.js';
import { DevenvCommand } from './base/command.js';

export default class Commit extends DevenvCommand {
  static override summary = "Make an image of what a service's container has become";
  static override examples = ['<%= config.bin %> commit api api:broken'];
  static override args = {
    service: Args.string({ required: true, description: 'service' }),
    reference: Args.string({ description: 'REPOSITORY[:TAG]' }),
  };
  static override flags = {
    'project-name': Flags.string({ description: 'name of the project', helpGroup: 'GLOBAL' }),
    author: Flags.string({ char: 'a', description: 'who made it' }),
    change: Flags.string({ multiple: true, multipleNonGreedy: true, char: 'c', description: 'a line of a Dockerfile' }),
    index: Flags.integer({ description: 'number of the container' }),
    message: Flags.string({ char: 'm', description: 'what it is' }),
    pause: Flags.boolean({ char: 'p', default: true, allowNo: true, description: 'freeze it meanwhile' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Commit);
    const { author, index, message, pause, change } = flags;
    const wish = { ...args, author, index, message, pause, changes: change ?? [], dryRun: flags['dry-run'] ?? false };
    await this.withSession(flags, (session) => commitService(session, { ...wish, reference: args.reference }));
  }
}
