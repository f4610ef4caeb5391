import * as Flags from '@oclif/core/flags';
import { type EngineStatus, engineStatus } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class Status extends DevenvCommand {
  static override summary = 'Say whether the engine runs, and where';
  static override flags = {
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    await this.withSession(flags, async (session) => {
      const status = await engineStatus(session);
      await session.terminal.data(flags.format === 'json' ? `${JSON.stringify(status)}\n` : inWords(status));
      return status.running ? 0 : 1;
    });
  }
}

function inWords(status: EngineStatus): string {
  const { running, ...rest } = status;
  const lines = Object.entries(rest).flatMap(([key, value]) =>
    value === undefined ? [] : `${key.padEnd(12)}${value}`,
  );
  return [running ? 'The engine runs.' : 'The engine does not run.', ...lines, ''].join('\n');
}
