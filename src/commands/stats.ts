import { showStats } from '../flows/stats.js';
import { statsPrinter } from '../output/stats.js';
import { DevenvCommand } from './base/command.js';
import { services, statsFlags } from './base/flags.js';

export default class Stats extends DevenvCommand {
  static override summary = 'Show what the containers use, as it changes';
  static override examples = [
    '<%= config.bin %> stats --no-stream',
    "<%= config.bin %> stats --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}'",
  ];
  static override args = { services };
  static override flags = statsFlags;

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
