import * as Flags from '@oclif/core/flags';
import { showLogs } from '../flows/logs.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Logs extends DevenvCommand {
  static override summary = 'Show what the containers printed';
  static override examples = [
    '<%= config.bin %> logs --follow --tail 100 api',
    '<%= config.bin %> logs --since 10m --no-log-prefix',
  ];
  static override args = { services };
  static override flags = {
    file: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'config file', helpGroup: 'GLOBAL' }),
    follow: Flags.boolean({ char: 'f', description: 'go on with what they print from now on' }),
    tail: Flags.string({ char: 'n', default: 'all', description: 'only the last lines of each container' }),
    since: Flags.string({ description: 'from then on (2026-01-31T12:00:00Z, 10m)' }),
    until: Flags.string({ description: 'until then' }),
    timestamps: Flags.boolean({ char: 't', description: 'lines with their time' }),
    index: Flags.integer({ description: 'only the container of that number' }),
    grep: Flags.string({ helpValue: 'PATTERN', description: 'of these lines only those that match' }),
    'no-log-prefix': Flags.boolean({ description: 'lines without the name of their container' }),
    'no-color': Flags.boolean({ description: 'lines without colours' }),
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'json: an object a line' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const { follow = false, timestamps = false, tail, since, until, index, grep } = flags;
    const request = {
      ...{ follow, timestamps, tail, since, until, index, grep },
      services: args.services ?? [],
      prefix: !flags['no-log-prefix'],
      json: flags.format === 'json',
    };
    const values = flags['no-color'] ? { ...flags, ansi: 'never' } : flags;
    await this.withSession(values, (session) => showLogs(session, request));
  }
}
