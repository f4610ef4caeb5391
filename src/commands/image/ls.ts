import * as Flags from '@oclif/core/flags';
import { type ImageRow, listEngineImages } from '../../flows/engine.js';
import { renderList } from '../../output/table.js';
import { DevenvCommand } from '../base/command.js';
import { format } from '../base/flags.js';

const columns = [
  { head: 'REPOSITORY', cell: (row: ImageRow) => row.Repository },
  { head: 'TAG', cell: (row: ImageRow) => row.Tag },
  { head: 'IMAGE ID', cell: (row: ImageRow) => row.ID },
  { head: 'CREATED', cell: (row: ImageRow) => row.Created },
  { head: 'SIZE', cell: (row: ImageRow) => row.Size },
];

export default class ImageLs extends DevenvCommand {
  static override summary = 'List the images that the engine has';
  static override examples = ["<%= config.bin %> image ls --format '{{.Repository}}:{{.Tag}}'"];
  static override flags = {
    format: format('table, json'),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImageLs);
    await this.withSession(flags, async (session) => {
      const rows = await listEngineImages(session);
      if (flags.quiet) await session.terminal.data([...new Set(rows.map((row) => `${row.ID}\n`))].join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
