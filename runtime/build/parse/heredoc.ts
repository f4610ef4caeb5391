import { processWord, processWords } from '../expand/expand.js';
import type { Heredoc } from './ast.js';

/** `<<WORD`, `<<-WORD`, `3<<"WORD"` as a whole word; what follows the digits is the delimiter, quoted or not. */
const HEREDOC = /^(\d*)<<(-?)([^<]+)$/;
const NO_VARIABLES = () => undefined;

export type HeredocStart = Omit<Heredoc, 'content'>;

/** A heredoc's start when this word of a shell is one. */
export function parseHeredocStart(word: string, escapeToken: string): HeredocStart | undefined {
  const match = HEREDOC.exec(word);
  if (match === null) return undefined;
  const delimiter = match[3]!;
  const options = { escapeToken, keepUnset: true };
  if (processWords(delimiter, NO_VARIABLES, options).length !== 1) return undefined;
  const name = processWord(delimiter, NO_VARIABLES, options);
  return { name, descriptor: Number(match[1] || 0), expand: name === delimiter, chomp: match[2] === '-' };
}

/** All heredocs that a line opens, in order. Quoted text such as `"<<EOF"` opens none. */
export function heredocsOfLine(line: string, escapeToken: string): HeredocStart[] {
  const words = processWords(line, NO_VARIABLES, { escapeToken, keepUnset: true, raw: true });
  return words.map((word) => parseHeredocStart(word, escapeToken)).filter((start) => start !== undefined);
}

/** Without the leading tabs of each line (`<<-`). */
function chompTabs(content: string): string {
  return content.replace(/^\t+/gm, '');
}

/** What the instruction sees as the file's text, before any expansion. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? chompTabs(heredoc.content) : heredoc.content;
}
