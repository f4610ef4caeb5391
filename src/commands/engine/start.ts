import { startOwnEngine } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class EngineStart extends DevenvCommand {
  static override summary = 'Start the engine, where it does not run yet';

  async run(): Promise<void> {
    const { flags } = await this.parse(EngineStart);
    await this.withSession(flags, async (session) => {
      const { pid, socket } = await startOwnEngine(session);
      await session.terminal.status(`The engine runs (pid ${pid}) at ${socket}\n`);
    });
  }
}
