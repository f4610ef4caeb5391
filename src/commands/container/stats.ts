import * as Args from '@oclif/core/args';
import { showStats } from '../../flows/stats.js';
import { statsPrinter } from '../../output/stats.js';
import { EngineCommand } from '../base/engine-command.js';
import { statsFlags } from '../base/flags.js';

export default class ContainerStats extends EngineCommand {
  static override summary = 'Show what containers use, as it changes';
  static override args = {
    containers: Args.string({ multiple: true, description: 'containers; all when none is named' }),
  };
  static override flags = statsFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerStats);
    const request = {
      of: { containers: args.containers ?? [] },
      all: flags.all ?? false,
      stream: !flags['no-stream'],
      truncate: !flags['no-trunc'],
    };
    await this.withSession(flags, (session) =>
      showStats(session, request, statsPrinter(session.terminal, flags.format)),
    );
  }
}
