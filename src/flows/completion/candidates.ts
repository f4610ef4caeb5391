/** What may come next on a command line. Pure: the words, the commands, and what names of things there are. */

export interface CompletedFlag {
  readonly type: string;
  readonly char?: string;
  readonly options?: readonly string[];
  readonly hidden?: boolean;
  readonly allowNo?: boolean;
}

export interface CompletedCommand {
  readonly summary?: string;
  readonly hidden?: boolean;
  readonly flags?: Readonly<Record<string, CompletedFlag>>;
  readonly args?: Readonly<Record<string, { readonly multiple?: boolean; readonly options?: readonly string[] }>>;
}

export type Commands = Readonly<Record<string, CompletedCommand>>;

/** Things that are looked up only when they are what is asked for. */
export type Thing = 'services' | 'profiles' | 'containers' | 'images' | 'volumes' | 'networks' | 'files';

export interface Answer {
  readonly words: readonly string[];
  /** What else may stand there. */
  readonly things: readonly Thing[];
}

const things: Readonly<Record<string, readonly Thing[]>> = {
  service: ['services'],
  services: ['services'],
  container: ['containers'],
  containers: ['containers'],
  image: ['images'],
  images: ['images'],
  volumes: ['volumes'],
  network: ['networks'],
  networks: ['networks'],
  source: ['services', 'files'],
  target: ['services', 'files'],
};

const flagThings: Readonly<Record<string, readonly Thing[]>> = {
  profile: ['profiles'],
  file: ['files'],
  'env-file': ['files'],
  output: ['files'],
  input: ['files'],
  'project-directory': ['files'],
  attach: ['services'],
  'no-attach': ['services'],
  'exit-code-from': ['services'],
  hash: ['services'],
};

/** `words`: all of the line behind `devenv`; the last one is being written and may be empty. */
export function candidates(commands: Commands, words: readonly string[]): Answer {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const { id, rest } = commandOf(commands, before);
  const command = id === undefined ? globalOnly(commands) : commands[id]!;
  const waiting = flagThatWaits(command, rest);
  if (waiting) return valuesOf(waiting, current);
  const inline = /^--([\w-]+)=(.*)$/s.exec(current);
  if (inline) {
    const flag = command.flags?.[inline[1]!];
    const { words: values, things: named } = flag
      ? valuesOf([inline[1]!, flag], inline[2]!)
      : { words: [], things: [] };
    return { words: values.map((value) => `--${inline[1]}=${value}`), things: named };
  }
  if (current.startsWith('-')) return { words: flagsOf(command, current, rest), things: [] };
  const nested = subcommands(commands, id === undefined ? rest : id.split(':'));
  if (id === undefined || nested.length)
    return { words: nested.filter((word) => word.startsWith(current)), things: [] };
  return positional(command, rest, current);
}

/** The longest command that the words name, and what follows it. */
function commandOf(commands: Commands, words: readonly string[]): { id: string | undefined; rest: readonly string[] } {
  const global = globalOnly(commands);
  let at = 0;
  while (at < words.length && words[at]!.startsWith('-')) at += takesNext(global, words[at]!) ? 2 : 1;
  for (const length of [3, 2, 1]) {
    const id = words.slice(at, at + length).join(':');
    if (words.length >= at + length && Object.hasOwn(commands, id)) return { id, rest: words.slice(at + length) };
  }
  // A flag before the command may still wait for its value.
  return { id: undefined, rest: at > words.length ? words : words.slice(at) };
}

const globals = [
  'file',
  'project-name',
  'project-directory',
  'env-file',
  'profile',
  'env',
  'progress',
  'ansi',
  'engine',
  'parallel',
  'compatibility',
  'all-resources',
  'dry-run',
];

function globalOnly(commands: Commands): CompletedCommand {
  const flags = Object.entries(commands.up?.flags ?? {}).filter(([name]) => globals.includes(name));
  return { flags: Object.fromEntries(flags) };
}

function flagNamed({ flags = {} }: CompletedCommand, word: string): [string, CompletedFlag] | undefined {
  if (word.startsWith('--')) {
    const name = word.slice(2);
    return flags[name] ? [name, flags[name]] : undefined;
  }
  if (!/^-\w$/.test(word)) return undefined;
  return Object.entries(flags).find(([, { char }]) => char === word[1]);
}

const takesNext = (command: CompletedCommand, word: string): boolean => flagNamed(command, word)?.[1].type === 'option';

/** The flag whose value is being written. */
function flagThatWaits(command: CompletedCommand, rest: readonly string[]): [string, CompletedFlag] | undefined {
  const last = rest.at(-1);
  const flag = last?.startsWith('-') ? flagNamed(command, last) : undefined;
  return flag?.[1].type === 'option' ? flag : undefined;
}

const valuesOf = ([name, flag]: [string, CompletedFlag], current: string): Answer => ({
  words: (flag.options ?? []).filter((option) => option.startsWith(current)),
  things: flagThings[name] ?? [],
});

function flagsOf({ flags = {} }: CompletedCommand, current: string, rest: readonly string[]): string[] {
  const names = Object.entries(flags).flatMap(([name, { hidden, allowNo }]) =>
    hidden ? [] : [`--${name}`, ...(allowNo ? [`--no-${name}`] : [])],
  );
  return [...names, '--help'].filter((name) => name.startsWith(current) && !rest.includes(name)).sort();
}

/** First words of commands below these. */
function subcommands(commands: Commands, above: readonly string[]): string[] {
  const prefix = above.length ? `${above.join(':')}:` : '';
  const ids = Object.entries(commands).filter(([id, { hidden }]) => !hidden && id.startsWith(prefix));
  return [...new Set(ids.map(([id]) => id.slice(prefix.length).split(':')[0]!))].sort();
}

function positional(command: CompletedCommand, rest: readonly string[], current: string): Answer {
  const given: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    if (!rest[at]!.startsWith('-')) given.push(rest[at]!);
    else if (takesNext(command, rest[at]!)) at += 1;
  }
  const args = Object.entries(command.args ?? {});
  const [name, arg] = args[Math.min(given.length, args.length - 1)] ?? [];
  if (name === undefined || (given.length >= args.length && !arg?.multiple)) return { words: [], things: [] };
  const words = (arg?.options ?? []).filter((option) => option.startsWith(current));
  return { words, things: things[name] ?? (words.length ? [] : ['files']) };
}
