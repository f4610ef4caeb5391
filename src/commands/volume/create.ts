import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { makeVolume } from '../../flows/objects/volumes.js';
import { EngineCommand } from '../base/engine-command.js';

export default class VolumeCreate extends EngineCommand {
  static override summary = 'Make a volume';
  static override examples = ['<%= config.bin %> volume create --label team=shop data'];
  static override args = {
    name: Args.string({ description: 'name; made up when there is none' }),
  };
  static override flags = {
    driver: Flags.string({ char: 'd', default: 'local', description: 'driver' }),
    label: Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: 'KEY=VALUE', description: 'label' }),
    opt: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      char: 'o',
      helpValue: 'KEY=VALUE',
      description: 'option of the driver',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VolumeCreate);
    await this.withSession(flags, (session) =>
      makeVolume(session, {
        name: args.name,
        driver: flags.driver,
        labels: flags.label ?? [],
        options: flags.opt ?? [],
      }),
    );
  }
}
