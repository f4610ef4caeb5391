import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { inspectContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerInspect extends EngineCommand {
  static override summary = 'Print everything that the engine knows of containers';
  static override examples = ["<%= config.bin %> container inspect --format '{{.State.Status}}' shop-api-1"];
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };
  static override flags = {
    format: Flags.string({
      char: 'f',
      helpValue: 'json|TEMPLATE',
      description: 'json, or a template such as {{.State.Status}}',
    }),
    size: Flags.boolean({ char: 's', description: 'with their sizes' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerInspect);
    await this.withSession(flags, (session) =>
      inspectContainers(session, args.containers, { format: flags.format, size: flags.size ?? false }),
    );
  }
}
