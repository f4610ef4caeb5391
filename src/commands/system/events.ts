import * as Flags from '@oclif/core/flags';
import { showEngineEvents } from '../../flows/objects/system.js';
import { EngineCommand } from '../base/engine-command.js';

export default class SystemEvents extends EngineCommand {
  static override summary = 'Show what happens in the engine, as it happens';
  static override examples = [
    "<%= config.bin %> system events --since 10m --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'",
  ];
  static override flags = {
    filter: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      char: 'f',
      helpValue: 'KEY=VALUE',
      description: 'only those',
    }),
    format: Flags.string({ helpValue: 'json|TEMPLATE', description: 'json, or a template such as {{.Action}}' }),
    since: Flags.string({ description: 'from then on' }),
    until: Flags.string({ description: 'until then' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemEvents);
    await this.withSession(flags, (session) =>
      showEngineEvents(session, { since: flags.since, until: flags.until, filter: flags.filter, format: flags.format }),
    );
  }
}
