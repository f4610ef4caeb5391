import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { inspectVolumes } from '../../flows/objects/volumes.js';
import { EngineCommand } from '../base/engine-command.js';

export default class VolumeInspect extends EngineCommand {
  static override summary = 'Print everything that the engine knows of volumes';
  static override examples = ["<%= config.bin %> volume inspect --format '{{.Mountpoint}}' shop_data"];
  static override args = {
    volumes: Args.string({ required: true, multiple: true, description: 'volumes' }),
  };
  static override flags = {
    format: Flags.string({
      char: 'f',
      helpValue: 'json|TEMPLATE',
      description: 'json, or a template such as {{.Mountpoint}}',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VolumeInspect);
    await this.withSession(flags, (session) => inspectVolumes(session, args.volumes, flags.format));
  }
}
