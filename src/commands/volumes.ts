import * as Flags from '@oclif/core/flags';
import { listProjectVolumes, type VolumeRow } from '../flows/overview.js';
import { renderList } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { format, services } from './base/flags.js';

const columns = [
  { head: 'DRIVER', cell: (row: VolumeRow) => row.Driver },
  { head: 'VOLUME NAME', cell: (row: VolumeRow) => row.Name },
];

export default class Volumes extends DevenvCommand {
  static override summary = 'List the volumes of the project';
  static override examples = ["<%= config.bin %> volumes --format '{{.Name}}'"];
  static override args = { services };
  static override flags = {
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'names only' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Volumes);
    await this.withSession(flags, async (session) => {
      const rows = await listProjectVolumes(session, args.services ?? []);
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.Name}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
