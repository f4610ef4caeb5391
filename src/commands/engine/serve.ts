import { serveEngine } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class EngineServe extends DevenvCommand {
  static override summary = 'Run the engine in the foreground';

  async run(): Promise<void> {
    const { flags } = await this.parse(EngineServe);
    await this.withSession(flags, (session) => serveEngine(session));
  }
}
