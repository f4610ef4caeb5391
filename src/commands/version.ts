import * as Flags from '@oclif/core/flags';
import { versions } from '../flows/overview.js';
import { DevenvCommand } from './base/command.js';

export default class Version extends DevenvCommand {
  static override summary = 'Print the versions of devenv and its engine';
  static override examples = ['<%= config.bin %> version --short'];
  static override flags = {
    file: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'config file', helpGroup: 'GLOBAL' }),
    format: Flags.string({
      char: 'f',
      options: ['pretty', 'json'],
      default: 'pretty',
      description: 'how it is printed',
    }),
    short: Flags.boolean({ description: 'the number of devenv alone' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    await this.withSession(flags, async (session) => {
      const { version, engine } = await versions(session, !flags.short);
      const pretty = `devenv version ${version}\nengine  ${engine?.name} ${engine?.version}, API ${engine?.apiVersion}\n`;
      const text = flags.format === 'json' ? `${JSON.stringify({ version, engine })}\n` : pretty;
      await session.terminal.data(flags.short ? `${version}\n` : text);
    });
  }
}
