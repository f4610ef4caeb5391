import * as Args from '@oclif/core/args';
import { restartContainers } from '../../flows/objects/container-actions.js';
import { EngineCommand } from '../base/engine-command.js';
import { duration } from '../base/flags.js';

export default class ContainerRestart extends EngineCommand {
  static override summary = 'Stop containers and start them again';
  static override args = { containers: Args.string({ required: true, multiple: true, description: 'containers' }) };
  static override flags = {
    time: duration({ char: 't', aliases: ['timeout'], helpValue: 'seconds', description: 'time to stop by itself' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContainerRestart);
    await this.withSession(flags, (session) => restartContainers(session, args.containers, flags.time));
  }
}
