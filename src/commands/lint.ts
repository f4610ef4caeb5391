import * as Flags from '@oclif/core/flags';
import { lint } from '../flows/lint.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Lint extends DevenvCommand {
  static override summary = 'Point at what in the config is likely to bite later';
  static override description =
    'A rule is switched off by its name in the file: x-devenv: {lint: {off: [latest]}}, at the top or in a service.';
  static override examples = ['<%= config.bin %> lint', '<%= config.bin %> lint --env prod --format json'];
  static override args = { services };
  static override flags = {
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Lint);
    await this.withSession(flags, (session) => lint(session, args.services ?? [], flags.format as 'text' | 'json'));
  }
}
