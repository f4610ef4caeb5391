import * as Flags from '@oclif/core/flags';
import { type ConfigOutput, configOutput, writeOutput } from '../flows/config-command.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

const listFlags = {
  services: Flags.boolean({ description: 'names of the services' }),
  volumes: Flags.boolean({ description: 'names of the volumes' }),
  networks: Flags.boolean({ description: 'names of the networks' }),
  models: Flags.boolean({ description: 'names of the models' }),
  images: Flags.boolean({ description: 'names of the images' }),
  profiles: Flags.boolean({ description: 'names of the profiles' }),
  environment: Flags.boolean({ description: 'variables that the config is filled with' }),
  variables: Flags.boolean({ description: 'variables that the files use, with their defaults' }),
};

export default class Config extends DevenvCommand {
  static override summary = 'Print the config, filled in and in its long form';
  static override examples = [
    '<%= config.bin %> config --explain services.api.environment.DEBUG',
    '<%= config.bin %> config --schema > devenv.schema.json',
    '<%= config.bin %> config --env prod --format json',
  ];
  static override args = { services };
  static override flags = {
    ...listFlags,
    explain: Flags.string({ helpValue: 'PATH', description: 'where the value at a path comes from, layer by layer' }),
    reveal: Flags.boolean({ description: 'with --explain: show what looks like a password, too' }),
    'show-secrets': Flags.boolean({
      description: "values of the project's secrets, and on a terminal of variables that are named like secrets",
    }),
    schema: Flags.boolean({ description: 'JSON Schema of devenv.yml, for editors' }),
    format: Flags.string({ options: ['yaml', 'json'], description: 'how it is printed (default yaml)' }),
    hash: Flags.string({ helpValue: 'SERVICE', description: "hash of a service's config, '*' for all" }),
    quiet: Flags.boolean({ char: 'q', description: 'only say what is wrong' }),
    output: Flags.string({ char: 'o', description: 'into this file' }),
    'resolve-image-digests': Flags.boolean({ description: 'images by their digests' }),
    'lock-image-digests': Flags.boolean({ description: 'an override file that pins the images by their digests' }),
    'no-interpolate': Flags.boolean({ description: 'leave variables unfilled' }),
    'no-normalize': Flags.boolean({ description: 'leave short forms' }),
    'no-path-resolution': Flags.boolean({ description: 'leave relative paths' }),
    'no-consistency': Flags.boolean({ description: 'do not check that what is named is there' }),
    'no-env-resolution': Flags.boolean({ description: 'leave env_file' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Config);
    await this.withSession(flags, async (session) => {
      const text = await configOutput(session, args.services ?? [], flags as ConfigOutput);
      await writeOutput(session, text, flags);
    });
  }
}
