import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { attachToService } from '../flows/attach.js';
import { DevenvCommand } from './base/command.js';

export default class Attach extends DevenvCommand {
  static override summary = "Join this terminal to a service's own process";
  static override examples = [
    '<%= config.bin %> attach api',
    '<%= config.bin %> attach --no-stdin --detach-keys ctrl-p,ctrl-q api',
  ];
  static override args = { service: Args.string({ required: true, description: 'service' }) };
  static override flags = {
    'detach-keys': Flags.string({
      helpValue: 'ctrl-p,ctrl-q',
      description: 'keys that end this and leave the process alone',
    }),
    index: Flags.integer({ description: 'number of the container' }),
    'no-stdin': Flags.boolean({ description: 'do not hand on our input' }),
    'sig-proxy': Flags.boolean({ default: true, allowNo: true, description: 'hand on signals' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attach);
    const request = {
      service: args.service,
      index: flags.index,
      stdin: !flags['no-stdin'],
      detachKeys: flags['detach-keys'],
      forwardSignals: flags['sig-proxy'],
    };
    await this.withSession(flags, (session) => attachToService(session, request));
  }
}
