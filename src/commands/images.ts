import * as Flags from '@oclif/core/flags';
import { listServiceImages, type ServiceImageRow } from '../flows/images.js';
import { renderList } from '../output/table.js';
import { DevenvCommand } from './base/command.js';
import { format, services } from './base/flags.js';

const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

const columns = [
  { head: 'CONTAINER', field: 'ContainerName', cell: (row: ServiceImageRow) => row.ContainerName },
  { head: 'REPOSITORY', cell: (row: ServiceImageRow) => row.Repository },
  { head: 'TAG', cell: (row: ServiceImageRow) => row.Tag },
  { head: 'PLATFORM', cell: (row: ServiceImageRow) => row.Platform },
  { head: 'IMAGE ID', cell: (row: ServiceImageRow) => shortId(row.ID) },
  { head: 'SIZE', cell: (row: ServiceImageRow) => row.SizeText },
  { head: 'CREATED', cell: (row: ServiceImageRow) => row.CreatedSince },
];

export default class Images extends DevenvCommand {
  static override summary = 'List the images of the containers';
  static override examples = ["<%= config.bin %> images --format '{{.Repository}}:{{.Tag}} {{.Size}}'"];
  static override args = { services };
  static override flags = {
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Images);
    await this.withSession(flags, async (session) => {
      const rows = await listServiceImages(session, args.services ?? []);
      if (flags.quiet)
        await session.terminal.data([...new Set(rows.map((row) => `${row.ID.replace(/^sha256:/, '')}\n`))].join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format));
    });
  }
}
