import * as Flags from '@oclif/core/flags';
import { type SnapshotRow, snapshotRows } from '../../flows/snapshots/snapshots.js';
import { renderList } from '../../output/table.js';
import { DevenvCommand } from '../base/command.js';
import { format } from '../base/flags.js';

const columns = [
  { head: 'NAME', cell: (row: SnapshotRow) => row.Name },
  { head: 'PROJECT', cell: (row: SnapshotRow) => row.Project },
  { head: 'CREATED', cell: (row: SnapshotRow) => row.CreatedAt },
  { head: 'VOLUMES', cell: (row: SnapshotRow) => row.Volumes },
  { head: 'LAYERS', cell: (row: SnapshotRow) => row.Layers },
];

export default class SnapshotLs extends DevenvCommand {
  static override summary = 'List the snapshots of the project';
  static override examples = ['<%= config.bin %> snapshot ls --all'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'of all projects' }),
    format: format('table, json'),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SnapshotLs);
    await this.withSession(flags, async (session) => {
      const rows = await snapshotRows(session, flags.all ?? false);
      await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
