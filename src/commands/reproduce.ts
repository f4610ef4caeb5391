import * as Flags from '@oclif/core/flags';
import { reproduceHere } from '../flows/parity/reproduce.js';
import { DevenvCommand } from './base/command.js';

export default class Reproduce extends DevenvCommand {
  static override summary = 'Write what runs elsewhere as an environment, and bring it up here';
  static override description =
    'Images by digest, config and limits as they are there; secrets by name only, and no data. The file is an environment like any other: devenv up --env NAME.';
  static override examples = [
    {
      description: 'What a Docker engine runs of this project',
      command: '<%= config.bin %> reproduce --from docker:production',
    },
    {
      description: 'A namespace of the cluster, only written',
      command: '<%= config.bin %> reproduce --from k8s:shop --write-only',
    },
  ];
  static override flags = {
    from: Flags.string({
      required: true,
      helpValue: 'docker:CONTEXT|swarm:STACK|k8s:NAMESPACE|FILE',
      description: 'where it runs',
    }),
    name: Flags.string({ default: 'reproduced', description: 'of the environment that is written' }),
    'write-only': Flags.boolean({ description: 'bring nothing up' }),
    force: Flags.boolean({ description: 'write over a file that is there' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Reproduce);
    await this.withSession(flags, (session) =>
      reproduceHere(session, {
        from: flags.from,
        name: flags.name,
        writeOnly: flags['write-only'] ?? false,
        force: flags.force ?? false,
      }),
    );
  }
}
