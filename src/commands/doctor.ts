import * as Flags from '@oclif/core/flags';
import { examine } from '../flows/doctor/doctor.js';
import { DevenvCommand } from './base/command.js';

export default class Doctor extends DevenvCommand {
  static override summary = 'Say what devenv needs of this machine, and what is missing';
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --fix',
    '<%= config.bin %> doctor --format json',
  ];
  static override flags = {
    fix: Flags.boolean({ description: 'run the commands that mend it, where that takes nothing away' }),
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'how it is printed' }),
    offline: Flags.boolean({ description: 'ask no name server and no registry' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const request = {
      fix: (flags.fix ?? false) && !flags['dry-run'],
      format: flags.format as 'text' | 'json',
      offline: flags.offline ?? false,
    };
    await this.withSession(flags, (session) => examine(session, request));
  }
}
