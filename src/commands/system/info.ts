import * as Flags from '@oclif/core/flags';
import { showInfo } from '../../flows/objects/system.js';
import { EngineCommand } from '../base/engine-command.js';

export default class SystemInfo extends EngineCommand {
  static override summary = 'Print what the engine says of itself';
  static override examples = ["<%= config.bin %> system info --format '{{.Driver}}'"];
  static override flags = {
    format: Flags.string({
      char: 'f',
      helpValue: 'json|TEMPLATE',
      description: 'json, or a template such as {{.Driver}}',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemInfo);
    await this.withSession(flags, (session) => showInfo(session, flags.format));
  }
}
