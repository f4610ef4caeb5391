import * as Flags from '@oclif/core/flags';
import { listEngineNetworks, type NetworkRow } from '../../flows/objects/networks.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { filterWithF, format } from '../base/flags.js';

const columns = [
  { head: 'NETWORK ID', cell: (row: NetworkRow) => row.ID },
  { head: 'NAME', cell: (row: NetworkRow) => row.Name },
  { head: 'DRIVER', cell: (row: NetworkRow) => row.Driver },
  { head: 'SCOPE', cell: (row: NetworkRow) => row.Scope },
];

export default class NetworkLs extends EngineCommand {
  static override summary = 'List the networks of the engine';
  static override examples = ['<%= config.bin %> network ls --filter driver=bridge'];
  static override aliases = ['network:list'];
  static override flags = {
    filter: filterWithF,
    format: format('table, json'),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkLs);
    await this.withSession(flags, async (session) => {
      const rows = await listEngineNetworks(session, flags.filter, !flags['no-trunc']);
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.ID}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
