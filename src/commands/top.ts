import * as Flags from '@oclif/core/flags';
import { listProcesses, type TopTable } from '../flows/overview.js';
import { renderTable } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

/** One table of all, the titles of the first container's: what another has not stays empty. */
function renderTop(tables: readonly TopTable[]): string {
  const titles = [...new Set(tables.flatMap((table) => table.titles))];
  const rows = tables.flatMap((table) =>
    table.processes.map((process) => [
      table.service,
      String(table.replica),
      ...titles.map((title) => process[table.titles.indexOf(title)] ?? '-'),
    ]),
  );
  return renderTable(['SERVICE', '#', ...titles], rows);
}

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
      if (tables.length > 0) await session.terminal.data(renderTop(tables));
    });
  }
}
