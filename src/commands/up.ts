import * as Flags from '@oclif/core/flags';
import { type UpWish, up } from '../flows/up-command.js';
import { DevenvCommand } from './base/command.js';
import { duration, isolation, services, stopTimeout } from './base/flags.js';

export default class Up extends DevenvCommand {
  static override summary = 'Make what runs be what the config says';
  static override examples = [
    { description: 'Everything, with its output, until Ctrl-C', command: '<%= config.bin %> up' },
    { description: 'In the background, back when all is healthy', command: '<%= config.bin %> up --detach --wait' },
    { description: 'What would be done, and why', command: '<%= config.bin %> up --dry-run' },
  ];
  static override args = { services };
  static override flags = {
    detach: Flags.boolean({ char: 'd', description: 'leave once all are started' }),
    wait: Flags.boolean({ description: 'leave once all are running and healthy' }),
    'wait-timeout': duration({ helpValue: 'seconds', description: 'how long to wait at most' }),
    build: Flags.boolean({ description: 'build the images first', exclusive: ['no-build'] }),
    'no-build': Flags.boolean({ description: 'build nothing, even if it is missing' }),
    pull: Flags.string({ options: ['always', 'missing', 'never', 'policy'], description: 'when to pull images' }),
    'quiet-pull': Flags.boolean({ description: 'pull without progress' }),
    'quiet-build': Flags.boolean({ description: 'build without progress' }),
    'force-recreate': Flags.boolean({ description: 'make all anew', exclusive: ['no-recreate'] }),
    'no-recreate': Flags.boolean({ description: 'keep what is there, even if it is out of date' }),
    'always-recreate-deps': Flags.boolean({ description: 'make dependencies anew too' }),
    'renew-anon-volumes': Flags.boolean({ char: 'V', description: 'do not take over anonymous volumes' }),
    'remove-orphans': Flags.boolean({ description: 'remove containers of services that are gone from the config' }),
    scale: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'SERVICE=NUM',
      description: 'containers of a service',
    }),
    'no-deps': Flags.boolean({ description: 'leave out what the services depend on' }),
    'no-start': Flags.boolean({ description: 'create, but do not start' }),
    'abort-on-container-exit': Flags.boolean({ description: 'stop all when one ends', exclusive: ['detach'] }),
    'abort-on-container-failure': Flags.boolean({ description: 'stop all when one fails', exclusive: ['detach'] }),
    'exit-code-from': Flags.string({
      helpValue: 'SERVICE',
      description: 'end with its exit code',
      exclusive: ['detach'],
    }),
    timeout: stopTimeout,
    attach: Flags.string({ multiple: true, multipleNonGreedy: true, description: 'show only these services' }),
    'no-attach': Flags.string({ multiple: true, multipleNonGreedy: true, description: 'do not show these services' }),
    'attach-dependencies': Flags.boolean({ description: 'show what the services depend on, too' }),
    menu: Flags.boolean({ allowNo: true, description: 'keys while it stays: w for watch, d to leave (on a terminal)' }),
    'no-log-prefix': Flags.boolean({ description: 'lines without the name of their container' }),
    'no-color': Flags.boolean({ description: 'lines without colours' }),
    timestamps: Flags.boolean({ description: 'lines with their time' }),
    watch: Flags.boolean({
      char: 'w',
      allowNo: true,
      description: 'bring changed files into the services (by itself in the environment dev)',
    }),
    'from-snapshot': Flags.string({
      helpValue: 'NAME',
      description: 'volumes that are not there yet begin as this snapshot has them',
    }),
    isolation,
    locked: Flags.boolean({
      allowNo: true,
      description: 'only with the images of devenv-lock.yml (by itself in CI and in the environment prod)',
    }),
    yes: Flags.boolean({ char: 'y', description: 'answer yes to all questions' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Up);
    const values = flags['no-color'] ? { ...flags, ansi: 'never' } : flags;
    const wish: UpWish = { ...flags, services: args.services ?? [] };
    await this.withSession(values, (session) => up(session, wish));
  }
}
