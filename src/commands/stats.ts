import * as Flags from '@oclif/core/flags';
import { showStats } from '../flows/stats.js';
import { statsPrinter } from '../output/stats.js';
import { DevenvCommand } from './base/command.js';
import { format, services } from './base/flags.js';

export default class Stats extends DevenvCommand {
  static override summary = 'Show what the containers use, as it changes';
  static override examples = [
    '<%= config.bin %> stats --no-stream',
    "<%= config.bin %> stats --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}'",
  ];
  static override args = { services };
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also those that do not run' }),
    format: format('table, json'),
    'no-stream': Flags.boolean({ description: 'once' }),
    'no-trunc': Flags.boolean({ description: 'show all of it' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stats);
    const request = {
      of: { services: args.services ?? [] },
      all: flags.all ?? false,
      stream: !flags['no-stream'],
      truncate: !flags['no-trunc'],
    };
    await this.withSession(flags, (session) =>
      showStats(session, request, statsPrinter(session.terminal, flags.format)),
    );
  }
}
