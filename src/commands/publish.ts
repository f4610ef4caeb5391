import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { publishProject } from '../flows/publish/publish.js';
import { DevenvCommand } from './base/command.js';

export default class Publish extends DevenvCommand {
  static override summary = 'Put the config into a registry, for -f oci://…';
  static override examples = [
    '<%= config.bin %> publish registry.example.com/team/shop:v1',
    '<%= config.bin %> -f oci://registry.example.com/team/shop:v1 up',
  ];
  static override args = { repository: Args.string({ required: true, description: 'REPOSITORY[:TAG]' }) };
  static override flags = {
    app: Flags.boolean({ description: 'with the images (refused, with what to do instead)', hidden: true }),
    'oci-version': Flags.option({
      options: ['1.0', '1.1'] as const,
      description: 'form of the artifact (by itself the newest that the registry takes)',
    })(),
    'resolve-image-digests': Flags.boolean({ description: 'with an override that pins the images by their digests' }),
    'with-env': Flags.boolean({ description: 'with variables and env files' }),
    yes: Flags.boolean({ char: 'y', description: 'yes to all questions' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Publish);
    const request = {
      withImages: flags.app ?? false,
      repository: args.repository,
      resolveDigests: flags['resolve-image-digests'] ?? false,
      oci: flags['oci-version'],
      withEnvironment: flags['with-env'] ?? false,
      yes: flags.yes ?? false,
      dryRun: flags['dry-run'] ?? false,
    };
    await this.withSession(flags, (session) => publishProject(session, request));
  }
}
