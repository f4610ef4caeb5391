import * as Args from '@oclif/core/args';
import { printPorts } from '../../flows/objects/containers.js';
import { EngineCommand } from '../base/engine-command.js';

export default class ContainerPort extends EngineCommand {
  static override summary = 'Say where the ports of a container can be reached';
  static override examples = ['<%= config.bin %> container port shop-web-1 80'];
  static override args = {
    container: Args.string({ required: true, description: 'container' }),
    port: Args.string({ description: 'PORT or PORT/PROTOCOL' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerPort);
    await this.withSession(flags, (session) => printPorts(session, args.container, args.port));
  }
}
