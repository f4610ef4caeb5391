import * as Args from '@oclif/core/args';
import { removeSnapshots } from '../../flows/snapshots/snapshots.js';
import { DevenvCommand } from '../base/command.js';

export default class SnapshotRm extends DevenvCommand {
  static override summary = 'Forget snapshots';
  static override examples = ['<%= config.bin %> snapshot rm before-migration'];
  static override args = { names: Args.string({ required: true, multiple: true, description: 'snapshots' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SnapshotRm);
    await this.withSession(flags, (session) => removeSnapshots(session, args.names));
  }
}
