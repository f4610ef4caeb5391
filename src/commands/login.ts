import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { logIn } from '../flows/login.js';
import { EngineCommand } from './base/engine-command.js';

export default class Login extends EngineCommand {
  static override summary = 'Log in to a registry';
  static override args = { server: Args.string({ description: 'registry; Docker Hub when it is left out' }) };
  static override flags = {
    username: Flags.string({ char: 'u', description: 'who' }),
    password: Flags.string({ char: 'p', description: 'password or token; others can see it here' }),
    'password-stdin': Flags.boolean({ description: 'read the password from standard input', exclusive: ['password'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Login);
    const { username, password } = flags;
    const wish = { server: args.server ?? '', username, password, passwordFromStdin: flags['password-stdin'] ?? false };
    await this.withSession(flags, (session) => logIn(session, wish));
  }
}
