/**
 * Pure: words as people write them for Compose, as oclif reads them. Compose takes its global flags before the
 * command's name, where `-f` and `-p` mean the config's file and the project's name whatever they mean behind it;
 * and what follows the service in `exec` and `run` belongs to the program.
 */
export interface CommandWords {
  readonly id: string;
  /** Flags that take a value, as they are written (`--user`, `-u`). */
  readonly valueFlags: ReadonlySet<string>;
  /** Flags without a value, as they are written; true: there is a `--no-` form. */
  readonly switches: ReadonlyMap<string, boolean>;
  /** Positional words before the program's own. */
  readonly passAfter: number | undefined;
}

const globalValueFlags: Readonly<Record<string, string>> = {
  '-f': '--file',
  '--file': '--file',
  '-p': '--project-name',
  '--project-name': '--project-name',
  '--project-directory': '--project-directory',
  '--env-file': '--env-file',
  '--profile': '--profile',
  '--env': '--env-overlay',
  '--progress': '--progress',
  '--ansi': '--ansi',
  '--engine': '--engine',
  '--parallel': '--parallel',
  // As Compose called it before, and still takes it.
  '--workdir': '--project-directory',
};

const globalSwitches: ReadonlySet<string> = new Set(['--dry-run', '--compatibility', '--all-resources', '--verbose']);

/** `find` knows a command by its first words and says how many of them name it. */
export function arrangeArguments(
  argv: readonly string[],
  find: (words: readonly string[]) => { readonly command: CommandWords; readonly length: number } | undefined,
): string[] {
  const { leading, rest } = takeLeading(argv);
  if (rest[0] === 'help') return [...rest.slice(1), '--help'];
  const found = find(rest);
  if (!found) return [...rest, ...leading];
  const name = rest.slice(0, found.length);
  const words = delimit(withoutOldParallel(rest.slice(found.length), found.command.id), found.command);
  return [...name, ...spellOut([...leading, ...words], found.command)];
}

/** `build --parallel` and `pull --parallel` of Compose 1, which mean nothing any more; with a number it is the global flag. */
function withoutOldParallel(words: readonly string[], id: string): readonly string[] {
  if (id !== 'build' && id !== 'pull') return words;
  return words.filter((word, at) => word !== '--parallel' || /^-?\d+$/.test(words[at + 1] ?? ''));
}

function takeLeading(argv: readonly string[]): { leading: string[]; rest: readonly string[] } {
  const leading: string[] = [];
  let at = 0;
  for (; at < argv.length && argv[at]!.startsWith('-'); at += 1) {
    const word = argv[at]!;
    const [flag, value] = splitFlag(word);
    const name = globalValueFlags[flag];
    if (word === '--no-ansi') leading.push('--ansi=never');
    else if (name === undefined) {
      if (!globalSwitches.has(flag)) break;
      leading.push(word);
    } else if (value !== undefined) leading.push(`${name}=${value}`);
    else {
      at += 1;
      leading.push(name, argv[at] ?? '');
    }
  }
  return { leading, rest: argv.slice(at) };
}

/** `--file=x`, `-f=x`, `-fx` */
function splitFlag(word: string): [string, string | undefined] {
  if (!word.startsWith('--'))
    return word.length > 2 ? [word.slice(0, 2), word.slice(word[2] === '=' ? 3 : 2)] : [word, undefined];
  const equals = word.indexOf('=');
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** `--quiet=true`, `--menu=false`, as Go's programs take them; what is false and has no `--no-` form is left out. */
function spellOut(words: readonly string[], { switches }: CommandWords): string[] {
  const end = words.indexOf('--');
  return words.flatMap((word, at) => {
    const match = end >= 0 && at > end ? null : /^(--?[\w-]+)=(true|false|t|f|1|0)$/i.exec(word);
    const isSwitch = match && switches.has(match[1]!);
    if (!isSwitch) return [word];
    if (/^[t1]/i.test(match[2]!)) return [match[1]!];
    return switches.get(match[1]!) ? [match[1]!.replace('--', '--no-')] : [];
  });
}

/** Puts `--` behind the positional words that are ours. */
function delimit(words: readonly string[], { valueFlags, passAfter }: CommandWords): readonly string[] {
  if (passAfter === undefined) return words;
  let left = passAfter;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '--') return words;
    if (word.startsWith('-') && word.length > 1) {
      if (valueFlags.has(word)) at += 1;
      continue;
    }
    left -= 1;
    if (left === 0) {
      const program = words.slice(at + 1);
      return [...words.slice(0, at + 1), ...(program[0] === '--' ? program : ['--', ...program])];
    }
  }
  return words;
}
