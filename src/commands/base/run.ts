import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Config } from '@oclif/core/config';
import { arrangeArguments, type CommandWords } from './arrange.js';
import type { DevenvCommand } from './command.js';

/** Words of ours before those of the program that is run. */
const passAfter: Readonly<Record<string, number>> = { exec: 1, run: 1 };

/** What is read of oclif.manifest.json. */
interface Manifest {
  readonly version: string;
  readonly commands: Readonly<Record<string, { readonly flags?: Readonly<Record<string, ManifestFlag>> }>>;
}

interface ManifestFlag {
  readonly type: string;
  readonly char?: string;
  readonly aliases?: readonly string[];
  readonly allowNo?: boolean;
}

type CommandClass = typeof DevenvCommand & (new (argv: string[], config: Config) => DevenvCommand);

/**
 * Runs one command line. Throws what the command throws, and UserError for a command that does not exist. A command that
 * is known needs of oclif no more than its parser: help and the rest load it whole, which takes longer than most commands.
 */
export async function runCommandLine(argv: readonly string[], root: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(path.join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;
  const find = (words: readonly string[]) => findCommand(manifest, words);
  const words = arrangeArguments(argv, find);
  const found = find(words);
  if (!found || asksForHelp(words)) {
    const { runWithOclif } = await import('./run-with-oclif.js');
    return runWithOclif(words, root, found !== undefined, loadCommand);
  }
  const command = await loadCommand(found.command.id);
  await command.start(words.slice(found.length), bareConfig(root, manifest.version));
}

/** The shape of the import is what lets a bundler see all that it may name. */
async function loadCommand(id: string): Promise<CommandClass> {
  const file = id.replaceAll(':', '/');
  const { default: command } = (await import(`../${file}.js`)) as { default: CommandClass };
  command.id = id;
  return command;
}

/** As much of oclif's configuration as a command reads while it runs. */
function bareConfig(root: string, version: string): Config {
  const config = new Config({ root });
  config.root = root;
  config.name = 'devenv';
  config.bin = 'devenv';
  config.version = version;
  config.userAgent = `devenv/${version}`;
  config.runHook = async () => ({ successes: [], failures: [] }); // there are none, and it would ask the plugins
  return config;
}

function asksForHelp(words: readonly string[]): boolean {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return own.includes('--help') || own.includes('-h');
}

/** The command that the first words name, and how many they are. */
function findCommand({ commands }: Manifest, words: readonly string[]) {
  for (const length of [3, 2, 1]) {
    const id = words.slice(0, length).join(':');
    if (words.length >= length && Object.hasOwn(commands, id)) return { command: wordsOf(commands, id), length };
  }
  return undefined;
}

function wordsOf(commands: Manifest['commands'], id: string): CommandWords {
  const flags = Object.entries(commands[id]?.flags ?? {});
  const written = ([name, flag]: [string, ManifestFlag]) => [
    `--${name}`,
    ...(flag.aliases ?? []).map((alias) => `--${alias}`),
    ...(flag.char ? [`-${flag.char}`] : []),
  ];
  const values = flags.filter(([, flag]) => flag.type === 'option').flatMap(written);
  const switches = flags
    .filter(([, flag]) => flag.type === 'boolean')
    .flatMap((one) => written(one).map((word): [string, boolean] => [word, one[1].allowNo ?? false]));
  return { id, valueFlags: new Set(values), switches: new Map(switches), passAfter: passAfter[id] };
}
