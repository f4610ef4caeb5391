import * as Args from '@oclif/core/args';
import { completionScript, type Shell } from '../flows/completion/scripts.js';
import { DevenvCommand } from './base/command.js';

export default class Completion extends DevenvCommand {
  static override summary = 'Print the completion script of a shell';
  static override description =
    'bash: eval "$(devenv completion bash)" in ~/.bashrc\nzsh:  eval "$(devenv completion zsh)" in ~/.zshrc, behind compinit\nfish: devenv completion fish > ~/.config/fish/completions/devenv.fish';
  static override examples = ['eval "$(<%= config.bin %> completion bash)"'];
  static override args = {
    shell: Args.string({ required: true, options: ['bash', 'zsh', 'fish'], description: 'shell' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Completion);
    await this.withSession(flags, (session) => session.terminal.data(completionScript(args.shell as Shell)));
  }
}
