import { UserError } from '../errors.js';
import { DevenvCommand } from './base/command.js';

export default class Bridge extends DevenvCommand {
  static override summary = "Compose's converter to other platforms: refused, with what to do instead";
  static override hidden = true;
  static override strict = false;

  async run(): Promise<void> {
    throw new UserError('no-bridge', 'devenv has no bridge: what it converts with are images of Docker Hub.', [
      'docker compose bridge convert, in this folder: it reads the same files.',
      'devenv config prints the whole config for other converters.',
    ]);
  }
}
