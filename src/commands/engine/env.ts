import * as Flags from '@oclif/core/flags';
import { engineEnvironment } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class EngineEnv extends DevenvCommand {
  static override summary = 'Print the variables by which other clients find the engine';
  static override examples = ['eval "$(<%= config.bin %> engine env)"'];
  static override flags = {
    format: Flags.string({ options: ['shell', 'json'], default: 'shell', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EngineEnv);
    await this.withSession(flags, async (session) => {
      const variables = engineEnvironment(session);
      const shell = Object.entries(variables).map(
        ([key, value]) => `export ${key}='${value.replaceAll("'", "'\\''")}'\n`,
      );
      await session.terminal.data(flags.format === 'json' ? `${JSON.stringify(variables)}\n` : shell.join(''));
    });
  }
}
