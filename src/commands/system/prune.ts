import * as Flags from '@oclif/core/flags';
import { pruneSystem } from '../../flows/objects/system.js';
import { EngineCommand } from '../base/engine-command.js';
import { pruneFlags } from '../base/flags.js';

export default class SystemPrune extends EngineCommand {
  static override summary = 'Remove what nothing uses: containers, networks, images, build cache';
  static override examples = ['<%= config.bin %> system prune --all --volumes'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'all unused images, not only those without a name' }),
    volumes: Flags.boolean({ description: 'anonymous volumes too' }),
    ...pruneFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemPrune);
    await this.withSession(flags, (session) =>
      pruneSystem(session, {
        all: flags.all ?? false,
        volumes: flags.volumes ?? false,
        force: flags.force ?? false,
        filter: flags.filter,
      }),
    );
  }
}
