import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseScale, up } from '../flows/up-command.js';
import { DevenvCommand } from './base/command.js';

export default class Scale extends DevenvCommand {
  static override summary = 'Run more or fewer containers of a service';
  static override examples = ['<%= config.bin %> scale worker=3'];
  static override args = { targets: Args.string({ multiple: true, required: true, description: 'SERVICE=NUM' }) };
  static override flags = {
    'no-deps': Flags.boolean({ description: 'leave out what the services depend on' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Scale);
    const scale = args.targets;
    const services = scale.map((target) => parseScale(target)[0]);
    const wish = { ...flags, services, scale, detach: true, 'no-recreate': true };
    await this.withSession(flags, (session) => up(session, wish));
  }
}
