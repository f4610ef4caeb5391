import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { saveSnapshot } from '../../flows/snapshots/save.js';
import { DevenvCommand } from '../base/command.js';

export default class SnapshotSave extends DevenvCommand {
  static override summary = 'Keep what is in the volumes of the project under a name';
  static override description =
    'Services that use them are paused meanwhile, or what x-snapshot says of a service: {pre: {command: …}, post: {command: …}, stop: true}.';
  static override examples = [
    '<%= config.bin %> snapshot save before-migration',
    '<%= config.bin %> snapshot save --layers bug-17',
  ];
  static override args = { name: Args.string({ required: true, description: 'its name' }) };
  static override flags = {
    layers: Flags.boolean({ description: 'also what containers wrote beside their volumes, as images of the engine' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SnapshotSave);
    await this.withSession(flags, (session) => saveSnapshot(session, args.name, flags.layers ?? false));
  }
}
