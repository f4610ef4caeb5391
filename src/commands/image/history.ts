import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type HistoryRow, listHistory } from '../../flows/objects/images.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { format } from '../base/flags.js';

const columns = [
  { head: 'IMAGE', field: 'ID', cell: (row: HistoryRow) => row.ID },
  { head: 'CREATED', field: 'CreatedSince', cell: (row: HistoryRow) => row.CreatedSince },
  { head: 'CREATED BY', field: 'CreatedBy', cell: (row: HistoryRow) => row.CreatedBy },
  { head: 'SIZE', cell: (row: HistoryRow) => row.Size },
  { head: 'COMMENT', cell: (row: HistoryRow) => row.Comment },
];

export default class ImageHistory extends EngineCommand {
  static override summary = 'List the steps that made an image';
  static override examples = ['<%= config.bin %> image history --no-trunc api:1'];
  static override args = { image: Args.string({ required: true, description: 'image' }) };
  static override flags = {
    format: format('table, json'),
    human: Flags.boolean({ char: 'H', default: true, allowNo: true, description: 'sizes and times for people' }),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageHistory);
    await this.withSession(flags, async (session) => {
      const rows = await listHistory(session, args.image, { truncate: !flags['no-trunc'], human: flags.human });
      if (flags.quiet) await session.terminal.data(rows.map((row) => `${row.ID}\n`).join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
