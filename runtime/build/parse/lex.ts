/**
 * Text → instructions with locations. An own lexer instead of dockerfile-ast: that one does not see `3<<EOF`, takes
 * `<<<word` for a heredoc, joins lines inside heredoc bodies, and has no parse errors; line joining is all it would save.
 */
import type { Directives, Heredoc, SourceFile, SourceInstruction, Warning } from './ast.js';
import { parseDirectives } from './directives.js';
import { DockerfileError, parseError } from './errors.js';
import { takeFlags } from './flags.js';
import { heredocsOfLine } from './heredoc.js';
import { jsonStrings } from './words.js';

const COMMENT = /^[ \t]*#/;
const WITH_HEREDOC = new Set(['add', 'copy', 'run']);

/** Throws DockerfileError for an unfinished heredoc, a bad directive or an empty file. */
export function lexDockerfile(text: string): SourceFile {
  const lines = splitLines(text);
  const directives = parseDirectives(lines);
  const instructions: SourceInstruction[] = [];
  const warnings: Warning[] = [];
  const comments: { line: number; text: string }[] = [];
  let next = 0;
  while (next < lines.length) {
    if (COMMENT.test(lines[next]!)) comments.push({ line: next + 1, text: commentText(lines[next]!) });
    const joined = joinContinuation(lines, next, directives, warnings);
    const start = next;
    next = joined.next;
    if (joined.text === '') continue;
    const opened = readHeredocs(lines, joined.text, { start, next }, directives);
    next = opened.next;
    instructions.push({ ...splitInstruction(joined.text), heredocs: opened.heredocs, line: start + 1, endLine: next });
  }
  if (text === '') throw new DockerfileError('the Dockerfile cannot be empty', undefined);
  if (instructions.length === 0) throw new DockerfileError('file with no instructions', { line: 1, endLine: 1 });
  return { directives, instructions, warnings, comments };
}

/** One instruction out of its one-line text, as a stored ONBUILD trigger is (heredocs included, after line breaks). */
export function lexTrigger(text: string): SourceInstruction {
  const file = lexDockerfile(text);
  return file.instructions[0]!;
}

const commentText = (line: string) => line.replace(COMMENT, '').trim();

function splitLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function joinContinuation(lines: readonly string[], first: number, directives: Directives, warnings: Warning[]) {
  if (COMMENT.test(lines[first]!)) return { text: '', next: first + 1 };
  let { text, continues } = cutContinuation(trimLine(lines[first]!).trimStart(), directives.escapeToken);
  let next = first + 1;
  let empty = false;
  while (continues && next < lines.length) {
    const line = trimLine(lines[next++]!);
    if (COMMENT.test(line)) continue;
    if (line.trim() === '') {
      empty = true;
      continue;
    }
    const cut = cutContinuation(line, directives.escapeToken);
    text += cut.text;
    continues = cut.continues;
  }
  if (empty) warnings.push({ line: next, text: 'NoEmptyContinuation: Empty continuation line' });
  return { text: text.trim() === '' ? '' : text, next };
}

function trimLine(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** A single escape character at the end of the line, blanks after it allowed; a doubled one is text. */
function cutContinuation(line: string, escapeToken: string): { text: string; continues: boolean } {
  const trimmed = line.replace(/[ \t]+$/, '');
  if (!trimmed.endsWith(escapeToken) || trimmed.endsWith(escapeToken + escapeToken))
    return { text: line, continues: false };
  return { text: trimmed.slice(0, -1), continues: true };
}

function splitInstruction(text: string): Omit<SourceInstruction, 'heredocs' | 'line' | 'endLine'> {
  const trimmed = text.trim();
  const [keyword] = trimmed.split(/\s+/, 1);
  return { keyword: keyword!, ...takeFlags(trimmed.slice(keyword!.length)), text: trimmed };
}

/** A word that does not end is a mistake of that line. */
function heredocsAt(text: string, escapeToken: string, line: number) {
  try {
    return heredocsOfLine(text, escapeToken);
  } catch (cause) {
    throw parseError((cause as Error).message, { line, endLine: line });
  }
}

function readHeredocs(
  lines: readonly string[],
  text: string,
  at: { readonly start: number; readonly next: number },
  directives: Directives,
): { heredocs: Heredoc[]; next: number } {
  const heredocs: Heredoc[] = [];
  let next = at.next;
  if (!text.includes('<<') || !mayOpenHeredoc(text)) return { heredocs, next };
  for (const start of heredocsAt(text, directives.escapeToken, at.start + 1)) {
    let content = '';
    for (;;) {
      const line = lines[next++];
      if (line === undefined) {
        throw new DockerfileError('unterminated heredoc', { line: at.start + 1, endLine: lines.length });
      }
      const bare = trimLine(line);
      if ((start.chomp ? bare.replace(/^\t+/, '') : bare) === start.name) break;
      content += `${line}\n`;
    }
    heredocs.push({ ...start, content });
  }
  return { heredocs, next };
}

/** ADD, COPY and RUN outside of their JSON form, also as a trigger of ONBUILD. */
function mayOpenHeredoc(text: string): boolean {
  const { keyword, rest } = splitInstruction(text);
  const name = keyword.toLowerCase();
  if (name === 'onbuild') return rest !== '' && mayOpenHeredoc(rest);
  return WITH_HEREDOC.has(name) && jsonStrings(rest) === undefined;
}
