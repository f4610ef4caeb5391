import * as Args from '@oclif/core/args';
import { restoreSnapshot } from '../../flows/snapshots/snapshots.js';
import { DevenvCommand } from '../base/command.js';

export default class SnapshotRestore extends DevenvCommand {
  static override summary = 'Put the volumes, and layers that were kept, back to what a snapshot has';
  static override description =
    'What is in them now is lost. Services that use them are stopped for it and started again.';
  static override examples = ['<%= config.bin %> snapshot restore before-migration'];
  static override args = { name: Args.string({ required: true, description: 'a snapshot, or PROJECT/NAME' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SnapshotRestore);
    await this.withSession(flags, (session) => restoreSnapshot(session, args.name));
  }
}
