import * as Flags from '@oclif/core/flags';
import { listProjects, nameFilter, type ProjectRow } from '../flows/overview.js';
import { renderList } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { format } from './base/flags.js';

const columns = [
  { head: 'NAME', cell: (row: ProjectRow) => row.Name },
  { head: 'STATUS', cell: (row: ProjectRow) => row.Status },
  { head: 'CONFIG FILES', field: 'ConfigFiles', cell: (row: ProjectRow) => row.ConfigFiles },
];

export default class Ls extends DevenvCommand {
  static override summary = 'List the projects that run';
  static override examples = ['<%= config.bin %> ls --all --format json'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that are stopped' }),
    filter: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'name=PATTERN' }),
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'names only' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ls);
    const isWanted = nameFilter(flags.filter ?? []);
    await this.withSession(flags, async (session) => {
      const all = await listProjects(session, flags.all ?? false);
      const rows = all.filter((row) => isWanted(row.Name));
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.Name}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format));
    });
  }
}
