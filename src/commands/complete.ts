import * as Args from '@oclif/core/args';
import { complete } from '../flows/completion/complete.js';
import { DevenvCommand } from './base/command.js';

export default class Complete extends DevenvCommand {
  static override summary = "List what may come next on a command line, for the shell's completion";
  static override hidden = true;
  static override args = {
    words: Args.string({
      multiple: true,
      description: 'the words of the line behind "devenv", the last one unfinished',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Complete);
    await this.withSession(flags, async (session) =>
      session.terminal.data(await complete(session, this.config.root, args.words ?? [''])),
    );
  }
}
