import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { removeVolumes } from '../../flows/objects/volumes.js';
import { EngineCommand } from '../base/engine-command.js';

export default class VolumeRm extends EngineCommand {
  static override summary = 'Remove volumes, with what is in them';
  static override examples = ['<%= config.bin %> volume rm shop_data'];
  static override aliases = ['volume:remove'];
  static override args = {
    volumes: Args.string({ required: true, multiple: true, description: 'volumes' }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'no mistake when it is not there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VolumeRm);
    await this.withSession(flags, (session) => removeVolumes(session, args.volumes, flags.force ?? false));
  }
}
