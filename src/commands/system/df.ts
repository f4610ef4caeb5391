import * as Flags from '@oclif/core/flags';
import { listDiskUsage, type UsageRow } from '../../flows/objects/system.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { format } from '../base/flags.js';

const columns = [
  { head: 'TYPE', cell: (row: UsageRow) => row.Type },
  { head: 'TOTAL', field: 'TotalCount', cell: (row: UsageRow) => row.TotalCount },
  { head: 'ACTIVE', cell: (row: UsageRow) => row.Active },
  { head: 'SIZE', cell: (row: UsageRow) => row.Size },
  { head: 'RECLAIMABLE', cell: (row: UsageRow) => row.Reclaimable },
];

export default class SystemDf extends EngineCommand {
  static override summary = 'Say what the engine has on disk';
  static override examples = ['<%= config.bin %> system df --verbose'];
  static override flags = {
    format: format('table, json'),
    verbose: Flags.boolean({ char: 'v', description: 'each image, container and volume' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemDf);
    await this.withSession(flags, async (session) => {
      const { rows, details } = await listDiskUsage(session);
      const text = renderList(rows, columns, flags.format, 'lines');
      await session.terminal.data(flags.verbose ? details() : text);
    });
  }
}
