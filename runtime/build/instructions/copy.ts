import type { SourceInstruction } from '../parse/ast.js';
import { parseHeredocStart } from '../parse/heredoc.js';
import { jsonStrings, plainWords, quotedWords } from '../parse/words.js';
import { base, type ParseContext } from './base.js';
import { Flags, type FlagTypes } from './flags.js';
import type { Copy } from './types.js';

const BOTH: FlagTypes = { chown: 'text', chmod: 'text', link: 'bool', exclude: 'list' };
const COPY: FlagTypes = { ...BOTH, from: 'text', parents: 'bool' };
const ADD: FlagTypes = { ...BOTH, checksum: 'text', 'keep-git-dir': 'bool', unpack: 'bool' };

export function parseCopy(source: SourceInstruction, context: ParseContext): Copy {
  const kind = source.keyword.toLowerCase() === 'add' ? 'add' : 'copy';
  const flags = new Flags(source.flags, kind === 'add' ? ADD : COPY);
  const words = jsonStrings(source.rest) ?? plainOrQuoted(source, context);
  const destination = words.at(-1);
  if (words.length < 2 || destination === undefined) {
    const given = words.length === 0 ? 'none was' : 'only one was';
    throw new Error(
      `${kind.toUpperCase()} requires at least two arguments, but ${given} provided. Destination could not be determined`,
    );
  }
  if (source.heredocs.some((heredoc) => parseHeredocStart(destination, context.escapeToken)?.name === heredoc.name)) {
    throw new Error(`${kind.toUpperCase()} cannot accept a heredoc as a destination`);
  }
  return {
    ...base(source),
    kind,
    sources: plainSources(words.slice(0, -1), source, context),
    files: source.heredocs,
    destination,
    from: flags.text('from') || undefined,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.bool('link'),
    parents: flags.bool('parents'),
    excludes: flags.list('exclude'),
    checksum: flags.text('checksum'),
    keepGitDir: flags.bool('keep-git-dir'),
    unpack: flags.has('unpack') ? flags.bool('unpack') : undefined,
  };
}

/** A heredoc's quoted delimiter may hold blanks; nothing else may. */
function plainOrQuoted(source: SourceInstruction, context: ParseContext): string[] {
  return source.heredocs.length > 0 ? quotedWords(source.rest, context.escapeToken) : plainWords(source.rest);
}

function plainSources(words: readonly string[], source: SourceInstruction, context: ParseContext): string[] {
  if (source.heredocs.length === 0) return [...words];
  return words.filter((word) => parseHeredocStart(word, context.escapeToken) === undefined);
}
