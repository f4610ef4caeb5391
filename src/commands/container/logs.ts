import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { showContainerLogs } from '../../flows/objects/containers.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerLogs extends EngineCommand {
  static override summary = 'Print what a container printed';
  static override examples = ['<%= config.bin %> container logs --follow --tail 50 shop-api-1'];
  static override args = { container: Args.string({ required: true, description: 'container' }) };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on as it prints' }),
    tail: Flags.string({ char: 'n', default: 'all', description: 'that many last lines' }),
    since: Flags.string({ description: 'from then on (2024-05-01T10:00:00Z, 10m)' }),
    until: Flags.string({ description: 'until then' }),
    timestamps: Flags.boolean({ char: 't', description: 'with times' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerLogs);
    const { follow = false, timestamps = false, tail, since, until } = flags;
    await this.withSession(flags, (session) =>
      showContainerLogs(session, { container: args.container, follow, timestamps, tail, since, until }),
    );
  }
}
