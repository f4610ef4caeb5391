import { writeFileSync } from 'node:fs';
import * as Flags from '@oclif/core/flags';
import { type ConfigList, configHashes, listConfig, printConfig } from '../flows/config.js';
import type { Session } from '../flows/session.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

const lists = ['services', 'volumes', 'networks', 'images', 'profiles', 'environment', 'variables'] as const;

const listFlags = {
  services: Flags.boolean({ description: 'names of the services' }),
  volumes: Flags.boolean({ description: 'names of the volumes' }),
  networks: Flags.boolean({ description: 'names of the networks' }),
  images: Flags.boolean({ description: 'names of the images' }),
  profiles: Flags.boolean({ description: 'names of the profiles' }),
  environment: Flags.boolean({ description: 'variables that the config is filled with' }),
  variables: Flags.boolean({ description: 'names of these variables' }),
};

export default class Config extends DevenvCommand {
  static override summary = 'Print the config, filled in and in its long form';
  static override args = { services };
  static override flags = {
    ...listFlags,
    format: Flags.string({ options: ['yaml', 'json'], default: 'yaml', description: 'how it is printed' }),
    hash: Flags.string({ helpValue: 'SERVICE', description: "hash of a service's config, '*' for all" }),
    quiet: Flags.boolean({ char: 'q', description: 'only say what is wrong' }),
    output: Flags.string({ char: 'o', description: 'into this file' }),
    'no-interpolate': Flags.boolean({ description: 'leave variables unfilled' }),
    'no-normalize': Flags.boolean({ description: 'leave short forms' }),
    'no-path-resolution': Flags.boolean({ description: 'leave relative paths' }),
    'no-consistency': Flags.boolean({ description: 'do not check that what is named is there' }),
    'no-env-resolution': Flags.boolean({ description: 'leave env_file' }),
    'all-resources': Flags.boolean({ description: 'also what no service uses' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Config);
    const load = {
      noInterpolate: flags['no-interpolate'] ?? false,
      noNormalize: flags['no-normalize'] ?? false,
      noPathResolution: flags['no-path-resolution'] ?? false,
      noConsistency: flags['no-consistency'] ?? false,
      noEnvResolution: flags['no-env-resolution'] ?? false,
      allResources: flags['all-resources'] ?? false,
    };
    const list = lists.find((name) => flags[name]);
    const lines = (words: readonly string[]) => words.map((word) => `${word}\n`).join('');
    const textOf = async (session: Session): Promise<string> => {
      if (flags.hash !== undefined) return lines(await configHashes(session, flags.hash));
      if (list !== undefined) return lines(await listConfig(session, list as ConfigList, load));
      return printConfig(session, { services: args.services ?? [], format: flags.format as 'yaml' | 'json', load });
    };
    await this.withSession(flags, async (session) => {
      const text = await textOf(session);
      if (flags.quiet) return;
      if (flags.output) writeFileSync(flags.output, text);
      else await session.terminal.data(text);
    });
  }
}
