import * as Flags from '@oclif/core/flags';
import { listProcesses } from '../flows/overview.js';
import { renderTable } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Top extends DevenvCommand {
  static override summary = 'List the processes in the containers';
  static override examples = ['<%= config.bin %> top api'];
  static override args = { services };
  static override flags = {
    format: Flags.string({ options: ['table', 'json'], default: 'table', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Top);
    await this.withSession(flags, async (session) => {
      const tables = await listProcesses(session, args.services ?? []);
      if (flags.format === 'json') return session.terminal.data(`${JSON.stringify(tables)}\n`);
      const text = tables.map(({ container, titles, processes }) => `${container}\n${renderTable(titles, processes)}`);
      return session.terminal.data(text.join('\n'));
    });
  }
}
