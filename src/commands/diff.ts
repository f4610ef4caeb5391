import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { diff } from '../flows/parity/diff.js';
import { DevenvCommand } from './base/command.js';

export default class Diff extends DevenvCommand {
  static override summary = 'What differs between two environments, what matters most first';
  static override examples = [
    { description: 'Development and production', command: '<%= config.bin %> diff dev prod' },
    {
      description: 'Production and what really runs',
      command: '<%= config.bin %> diff prod --against docker:production',
    },
    {
      description: 'In CI: the same images and commands',
      command: '<%= config.bin %> diff dev prod --fail-on image,command',
    },
  ];
  static override args = { environments: Args.string({ multiple: true, description: 'one or two environments' }) };
  static override flags = {
    against: Flags.string({
      helpValue: 'docker:CONTEXT|swarm:STACK|k8s:NAMESPACE|FILE',
      description: 'what runs elsewhere',
    }),
    'fail-on': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ASPECT,…',
      description: 'end with 1 when one of these differs',
    }),
    format: Flags.string({ options: ['table', 'json'], default: 'table', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    await this.withSession(flags, (session) =>
      diff(session, {
        environments: args.environments ?? [],
        against: flags.against,
        failOn: flags['fail-on'] ?? [],
        json: flags.format === 'json',
      }),
    );
  }
}
