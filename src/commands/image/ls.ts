import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type ImageRow, listEngineImages } from '../../flows/objects/image-list.js';
import { renderList } from '../../output/table.js';
import { EngineCommand } from '../base/engine-command.js';
import { format } from '../base/flags.js';

const names = [
  { head: 'REPOSITORY', cell: (row: ImageRow) => row.Repository },
  { head: 'TAG', cell: (row: ImageRow) => row.Tag },
];
const digest = { head: 'DIGEST', cell: (row: ImageRow) => row.Digest };
const rest = [
  { head: 'IMAGE ID', cell: (row: ImageRow) => row.ID },
  { head: 'CREATED', field: 'CreatedSince', cell: (row: ImageRow) => row.CreatedSince },
  { head: 'SIZE', cell: (row: ImageRow) => row.Size },
];

export default class ImageLs extends EngineCommand {
  static override summary = 'List the images that the engine has';
  static override examples = ["<%= config.bin %> image ls --format '{{.Repository}}:{{.Tag}}'"];
  static override aliases = ['image:list'];
  static override args = { name: Args.string({ description: 'only of this name (NAME[:TAG], with *)' }) };
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that a build left in between' }),
    digests: Flags.boolean({ description: 'with their digests' }),
    filter: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      char: 'f',
      helpValue: 'KEY=VALUE',
      description: 'only those',
    }),
    format: format('table, json'),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
    quiet: Flags.boolean({ char: 'q', description: 'ids only' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageLs);
    const request = {
      name: args.name,
      all: flags.all ?? false,
      filter: flags.filter,
      truncate: !flags['no-trunc'],
    };
    const columns = flags.digests ? [...names, digest, ...rest] : [...names, ...rest];
    await this.withSession(flags, async (session) => {
      const rows = await listEngineImages(session, request);
      if (flags.quiet) await session.terminal.data([...new Set(rows.map((row) => `${row.ID}\n`))].join(''));
      else await session.terminal.data(renderList(rows, columns, flags.format, 'lines'));
    });
  }
}
