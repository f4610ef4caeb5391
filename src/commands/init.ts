import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { init, listTemplates } from '../flows/init/init.js';
import { DevenvCommand } from './base/command.js';

export default class Init extends DevenvCommand {
  static override summary = 'Write a devenv.yml for the repository that you stand in';
  static override description =
    'From a Compose file, a devcontainer.json, a Procfile, or from what is found: package.json, requirements.txt, pyproject.toml, Gemfile, go.mod, Cargo.toml, pom.xml, build.gradle, composer.json; databases come from their client libraries. Nothing is overwritten.';
  static override examples = [
    '<%= config.bin %> init',
    '<%= config.bin %> init --yes',
    '<%= config.bin %> init --template flask-redis shop',
  ];
  static override args = { folder: Args.string({ default: '.', description: 'folder of the repository' }) };
  static override flags = {
    list: Flags.boolean({ description: 'names of the templates' }),
    template: Flags.string({ char: 't', description: 'begin with a template instead' }),
    yes: Flags.boolean({ char: 'y', description: 'ask nothing, take what is likely' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const request = {
      folder: args.folder,
      yes: flags.yes ?? false,
      dryRun: flags['dry-run'] ?? false,
      template: flags.template,
      root: this.config.root,
    };
    await this.withSession(flags, (session) =>
      flags.list ? listTemplates(session, request.root) : init(session, request),
    );
  }
}
