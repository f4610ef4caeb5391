import * as Flags from '@oclif/core/flags';
import { stopOwnEngine } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class EngineStop extends DevenvCommand {
  static override summary = 'Stop the engine; containers go on without it';
  static override flags = {
    file: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'config file', helpGroup: 'GLOBAL' }),
    force: Flags.boolean({ char: 'f', description: 'stop the containers too' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EngineStop);
    await this.withSession(flags, async (session) => {
      const stopped = await stopOwnEngine(session, flags.force ?? false);
      await session.terminal.status(stopped ? 'The engine is stopped.\n' : 'The engine does not run.\n');
    });
  }
}
