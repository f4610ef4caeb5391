import * as Flags from '@oclif/core/flags';
import { type EngineVolumeRow, listEngineVolumes } from '../../flows/objects/volumes.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { filterWithF, format } from '../base/flags.js';

const columns = [
  { head: 'DRIVER', cell: (row: EngineVolumeRow) => row.Driver },
  { head: 'VOLUME NAME', cell: (row: EngineVolumeRow) => row.Name },
];

export default class VolumeLs extends EngineCommand {
  static override summary = 'List the volumes of the engine';
  static override examples = ['<%= config.bin %> volume ls --filter dangling=true --quiet'];
  static override aliases = ['volume:list'];
  static override flags = {
    filter: filterWithF,
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'names only' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumeLs);
    await this.withSession(flags, async (session) => {
      const rows = await listEngineVolumes(session, flags.filter);
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.Name}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
