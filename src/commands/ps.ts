import * as Flags from '@oclif/core/flags';
import { type ContainerRow, listProjectContainers, statesOfFilters } from '../flows/ps.js';
import { noteBackgroundWatch } from '../flows/watch/background.js';
import { renderList } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { format, services } from './base/flags.js';

const columns = [
  { head: 'NAME', cell: (row: ContainerRow) => row.Name },
  { head: 'IMAGE', cell: (row: ContainerRow) => row.Image },
  { head: 'COMMAND', cell: (row: ContainerRow) => row.Command },
  { head: 'SERVICE', cell: (row: ContainerRow) => row.Service },
  { head: 'CREATED', field: 'RunningFor', cell: (row: ContainerRow) => row.RunningFor },
  { head: 'STATUS', cell: (row: ContainerRow) => row.Status },
  { head: 'PORTS', cell: (row: ContainerRow) => row.Ports },
];

export default class Ps extends DevenvCommand {
  static override summary = 'List the containers of the project';
  static override examples = [
    '<%= config.bin %> ps --all',
    "<%= config.bin %> ps --format 'table {{.Service}}\\t{{.State}}\\t{{.Ports}}'",
    '<%= config.bin %> ps --services --status running',
  ];
  static override args = { services };
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that do not run' }),
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
    services: Flags.boolean({ description: 'names of services only' }),
    status: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'only those in this state' }),
    filter: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'status=STATE' }),
    orphans: Flags.boolean({ default: true, allowNo: true, description: 'also of services that the config lacks' }),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Ps);
    const states = [...(flags.status ?? []), ...statesOfFilters(flags.filter ?? [])];
    await this.withSession(flags, async (session) => {
      const rows = await listProjectContainers(session, {
        services: args.services ?? [],
        all: flags.all ?? false,
        states,
        orphans: flags.orphans,
        truncate: !flags['no-trunc'] && !flags.quiet,
      });
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.ID}\n`).join(''));
      else if (flags.services)
        await session.terminal.data([...new Set(rows.map((row) => `${row.Service}\n`))].join(''));
      else {
        await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
        if (flags.format === 'table' && rows[0]) await noteBackgroundWatch(session, rows[0].Project);
      }
    });
  }
}
