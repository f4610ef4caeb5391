import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { pairsOf } from '../flows/objects/filters.js';
import { runOnce } from '../flows/run-once.js';
import { hushedSteps } from '../flows/up.js';
import { pullPolicy } from '../flows/up-command.js';
import { DevenvCommand } from './base/command.js';
import { isolation } from './base/flags.js';

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class Run extends DevenvCommand {
  static override summary = 'Run one command in a new container of a service';
  static override examples = ['<%= config.bin %> run --rm api npm test'];
  static override args = {
    service: Args.string({ required: true, description: 'service' }),
    command: Args.string({ multiple: true, description: 'command and its arguments' }),
  };
  static override flags = {
    'env-overlay': Flags.string({ description: 'environment overlay (dev, prod…)', helpGroup: 'GLOBAL' }),
    'project-name': Flags.string({ description: 'name of the project', helpGroup: 'GLOBAL' }),
    env: Flags.string({ ...many, char: 'e', helpValue: 'KEY=VALUE', description: 'variable' }),
    entrypoint: Flags.string({ description: 'instead of its entrypoint' }),
    user: Flags.string({ char: 'u', description: 'as this user' }),
    workdir: Flags.string({ char: 'w', description: 'in this folder' }),
    label: Flags.string({ aliases: ['labels'], ...many, char: 'l', helpValue: 'KEY=VALUE', description: 'label' }),
    publish: Flags.string({ ...many, char: 'p', description: 'open a port' }),
    volume: Flags.string({ ...many, char: 'v', aliases: ['volumes'], description: 'mount a volume' }),
    'service-ports': Flags.boolean({ char: 'P', description: "open the service's ports" }),
    'use-aliases': Flags.boolean({ description: "found by the service's names" }),
    'no-deps': Flags.boolean({ description: 'do not start what the service depends on' }),
    detach: Flags.boolean({ char: 'd', description: 'leave it running' }),
    rm: Flags.boolean({ description: 'remove the container when it ends' }),
    build: Flags.boolean({ description: 'build the image first' }),
    'remove-orphans': Flags.boolean({ description: 'remove containers of services that are gone from the config' }),
    name: Flags.string({ description: 'name of the container' }),
    'no-tty': Flags.boolean({ char: 'T', aliases: ['no-TTY'], description: 'no terminal for it' }),
    interactive: Flags.boolean({ char: 'i', default: true, allowNo: true, description: 'our input is its input' }),
    'cap-add': Flags.string({ ...many, description: 'capability to add' }),
    'cap-drop': Flags.string({ ...many, description: 'capability to drop' }),
    isolation,
    quiet: Flags.boolean({ char: 'q', description: 'say nothing of preparing it' }),
    'quiet-pull': Flags.boolean({ description: 'pull without progress' }),
    'quiet-build': Flags.boolean({ description: 'build without progress' }),
    pull: Flags.string({ options: ['always', 'missing', 'never', 'policy'], description: 'when to pull the image' }),
    'env-from-file': Flags.string({ ...many, helpValue: 'FILE', description: 'variables from a file' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    const values = flags.quiet ? { ...flags, progress: 'quiet' } : flags;
    await this.withSession(values, (session) =>
      runOnce(session, {
        service: args.service,
        command: args.command ?? [],
        entrypoint: flags.entrypoint,
        environment: flags.env ?? [],
        environmentFiles: flags['env-from-file'] ?? [],
        user: flags.user,
        workingDir: flags.workdir,
        labels: pairsOf(flags.label),
        publish: flags.publish ?? [],
        volumes: flags.volume ?? [],
        servicePorts: flags['service-ports'] ?? false,
        useAliases: flags['use-aliases'] ?? false,
        dependencies: !flags['no-deps'],
        detach: flags.detach ?? false,
        remove: flags.rm ?? false,
        build: flags.build ?? false,
        pull: pullPolicy(flags.pull),
        hushed: hushedSteps({ quietPull: flags['quiet-pull'] ?? false, quietBuild: flags['quiet-build'] ?? false }),
        removeOrphans: flags['remove-orphans'] ?? false,
        name: flags.name,
        tty: flags['no-tty'] ? false : undefined,
        interactive: flags.interactive,
        capAdd: flags['cap-add'] ?? [],
        capDrop: flags['cap-drop'] ?? [],
      }),
    );
  }
}
