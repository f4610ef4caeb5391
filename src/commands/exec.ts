import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { execInService } from '../flows/exec.js';
import { DevenvCommand } from './base/command.js';

export default class Exec extends DevenvCommand {
  static override summary = 'Run a command in a running container of a service';
  static override examples = ['<%= config.bin %> exec web sh', '<%= config.bin %> exec -T db pg_dump app'];
  static override args = {
    service: Args.string({ required: true, description: 'service' }),
    command: Args.string({ required: true, multiple: true, description: 'command and its arguments' }),
  };
  static override flags = {
    'env-overlay': Flags.string({ description: 'environment overlay (dev, prod…)', helpGroup: 'GLOBAL' }),
    env: Flags.string({
      char: 'e',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KEY=VALUE',
      description: 'variable',
    }),
    detach: Flags.boolean({ char: 'd', description: 'leave it running' }),
    index: Flags.integer({ description: 'number of the container' }),
    'no-tty': Flags.boolean({ char: 'T', aliases: ['no-TTY'], description: 'no terminal for it' }),
    interactive: Flags.boolean({ char: 'i', default: true, allowNo: true, description: 'our input is its input' }),
    tty: Flags.boolean({ char: 't', hidden: true }),
    privileged: Flags.boolean({ description: 'with all rights' }),
    user: Flags.string({ char: 'u', description: 'as this user' }),
    workdir: Flags.string({ char: 'w', description: 'in this folder' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Exec);
    await this.withSession(flags, (session) =>
      execInService(session, {
        service: args.service,
        command: args.command,
        index: flags.index,
        detach: flags.detach ?? false,
        tty: flags['no-tty'] ? false : undefined,
        interactive: flags.interactive,
        user: flags.user,
        environment: flags.env ?? [],
        workingDir: flags.workdir,
        privileged: flags.privileged ?? false,
      }),
    );
  }
}
