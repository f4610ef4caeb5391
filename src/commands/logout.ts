import * as Args from '@oclif/core/args';
import { logOut } from '../flows/login.js';
import { EngineCommand } from './base/engine-command.js';

export default class Logout extends EngineCommand {
  static override summary = 'Log out from a registry';
  static override args = { server: Args.string({ description: 'registry; Docker Hub when it is left out' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logout);
    await this.withSession(flags, (session) => logOut(session, args.server ?? ''));
  }
}
