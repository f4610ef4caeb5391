import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { UserError } from '../../errors.js';
import { arrangeArguments, type CommandWords } from './arrange.js';
import { nearest } from './nearest.js';

/** Words of ours before those of the program that is run. */
const passAfter: Readonly<Record<string, number>> = { exec: 1, run: 1 };

/** Runs one command line. Throws what the command throws, and UserError for a command that does not exist. */
export async function runCommandLine(argv: readonly string[], root: string): Promise<void> {
  settings.enableAutoTranspile = false;
  const config = await Config.load(root);
  loadFromOwnTree(config);
  const ids = config.commandIDs;
  const find = (words: readonly string[]) => {
    for (const length of [2, 1]) {
      const id = words.slice(0, length).join(':');
      if (words.length >= length && ids.includes(id)) return { command: wordsOf(config, id), length };
    }
    return undefined;
  };
  const words = arrangeArguments(argv, find);
  const [first] = words;
  if (first !== undefined && !first.startsWith('-') && !find(words) && !config.findTopic(first)) {
    throw unknownCommand(first, ids);
  }
  await run(words, config);
}

/**
 * oclif finds a command's file by the manifest, in `dist`; here it is the one of the tree that runs. The shape of the
 * import is what lets a bundler see all that it may name.
 */
function loadFromOwnTree(config: Config) {
  for (const plugin of config.plugins.values()) {
    plugin.findCommand = async (id: string) => {
      const file = id.replaceAll(':', '/');
      const { default: command } = (await import(`../${file}.js`)) as { default: Command.Class };
      command.id = id;
      command.plugin = plugin;
      return command;
    };
  }
}

function wordsOf(config: Config, id: string): CommandWords {
  const flags = Object.entries(config.findCommand(id)?.flags ?? {}).filter(([, flag]) => flag.type === 'option');
  const written = flags.flatMap(([name, flag]) => [
    `--${name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
    ...(flag.char ? [`-${flag.char}`] : []),
  ]);
  return { id, valueFlags: new Set(written), passAfter: passAfter[id] };
}

function unknownCommand(word: string, ids: readonly string[]): UserError {
  const names = [...new Set(ids.flatMap((id) => [id.replaceAll(':', ' '), id.split(':')[0]!]))];
  const meant = nearest(word, names);
  const next = meant ? [`Did you mean "devenv ${meant}"?`] : ['devenv --help lists the commands.'];
  return new UserError('unknown-command', `There is no command "${word}".`, next);
}
