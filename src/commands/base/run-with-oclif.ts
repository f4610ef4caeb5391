import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { UserError } from '../../errors.js';
import { nearest } from './nearest.js';

/**
 * Help, topics, and words that name no command. `load` gives a command of the tree that runs; oclif would find it by the
 * manifest, in `dist`.
 */
export async function runWithOclif(
  words: readonly string[],
  root: string,
  isCommand: boolean,
  load: (id: string) => Promise<Command.Class>,
): Promise<void> {
  settings.enableAutoTranspile = false;
  const config = await Config.load(root);
  for (const plugin of config.plugins.values()) {
    plugin.findCommand = async (id: string) => {
      const command = await load(id);
      command.plugin = plugin;
      return command;
    };
  }
  const [first] = words;
  if (first !== undefined && !first.startsWith('-') && !isCommand && !config.findTopic(first)) {
    throw unknownCommand(first, config.commandIDs);
  }
  const below = topicWord(words, config, isCommand);
  if (below !== undefined) throw unknownCommand(below, config.commandIDs);
  await run([...words], config);
}

/** `volume lss`: a topic and a word that names no command of it. */
function topicWord([first, second]: readonly string[], config: Config, isCommand: boolean): string | undefined {
  if (isCommand || first === undefined || !config.findTopic(first)) return undefined;
  if (second === undefined || second.startsWith('-') || config.findCommand(`${first}:${second}`)) return undefined;
  return `${first} ${second}`;
}

function unknownCommand(word: string, ids: readonly string[]): UserError {
  const names = [...new Set(ids.flatMap((id) => [id.replaceAll(':', ' '), id.split(':')[0]!]))];
  const meant = nearest(word, names);
  const next = meant ? [`Did you mean "devenv ${meant}"?`] : ['devenv --help lists the commands.'];
  return new UserError('unknown-command', `There is no command "${word}".`, next);
}
