import * as Flags from '@oclif/core/flags';
import { type EngineContainerRow, listEngineContainers } from '../../flows/objects/containers.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { filter, format } from '../base/flags.js';

const columns = [
  { head: 'CONTAINER ID', cell: (row: EngineContainerRow) => row.ID },
  { head: 'IMAGE', cell: (row: EngineContainerRow) => row.Image },
  { head: 'COMMAND', cell: (row: EngineContainerRow) => row.Command },
  { head: 'CREATED', field: 'RunningFor', cell: (row: EngineContainerRow) => row.RunningFor },
  { head: 'STATUS', cell: (row: EngineContainerRow) => row.Status },
  { head: 'PORTS', cell: (row: EngineContainerRow) => row.Ports },
  { head: 'NAMES', cell: (row: EngineContainerRow) => row.Names },
];

export default class ContainerLs extends EngineCommand {
  static override summary = 'List the containers of the engine, whatever project they are of';
  static override examples = [
    '<%= config.bin %> container ls --all --filter status=exited',
    "<%= config.bin %> container ls --format '{{.Names}}\\t{{.Status}}'",
  ];
  static override aliases = ['container:list', 'container:ps'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that do not run' }),
    filter,
    format: format('table, json'),
    last: Flags.integer({ char: 'n', description: 'the newest ones, in any state' }),
    latest: Flags.boolean({ char: 'l', description: 'the newest one, in any state' }),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ContainerLs);
    const request = {
      all: flags.all ?? false,
      last: flags.latest ? 1 : flags.last,
      filter: flags.filter,
      truncate: !flags['no-trunc'],
    };
    await this.withSession(flags, async (session) => {
      const rows = await listEngineContainers(session, request);
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.ID}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
