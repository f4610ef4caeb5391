/** Instructions that only change the image's configuration. */
import type { SourceInstruction } from '../parse/ast.js';
import { jsonStrings, nameValues, type Pair, plainWords } from '../parse/words.js';
import { type ParseContext, plain } from './base.js';
import type { Cmd, CommandForm, Env, Expose, Label, Maintainer, Shell, Volume } from './types.js';

/** The one argument of an instruction, blanks inside it kept. */
export function single(source: SourceInstruction): string {
  const text = source.rest.trim();
  if (text === '') throw new Error(`${source.keyword.toUpperCase()} requires exactly one argument`);
  return text;
}

export function commandForm(rest: string): CommandForm {
  const args = jsonStrings(rest);
  return args === undefined ? { form: 'shell', text: rest } : { form: 'exec', args };
}

export function parseCommand(source: SourceInstruction, kind: Cmd['kind']): Cmd {
  return { ...plain(source), kind, command: commandForm(source.rest) };
}

export function parseEnv(source: SourceInstruction, context: ParseContext): Env {
  return { ...plain(source), kind: 'env', pairs: pairs(source, context) };
}

export function parseLabel(source: SourceInstruction, context: ParseContext): Label {
  return { ...plain(source), kind: 'label', pairs: pairs(source, context) };
}

function pairs(source: SourceInstruction, context: ParseContext): Pair[] {
  const keyword = source.keyword.toUpperCase();
  const found = nameValues(source.rest, keyword, context.escapeToken);
  if (found.length === 0) throw new Error(`${keyword} requires at least one argument`);
  if (found.some((pair) => pair.key === '')) throw new Error(`${keyword} names can not be blank`);
  return found;
}

export function parseExpose(source: SourceInstruction): Expose {
  const ports = plainWords(source.rest);
  if (ports.length === 0) throw new Error('EXPOSE requires at least one argument');
  // BuildKit sorts them as written, which its history shows.
  return { ...plain(source), kind: 'expose', ports: ports.sort() };
}

export function parseVolume(source: SourceInstruction): Volume {
  const paths = jsonStrings(source.rest) ?? plainWords(source.rest);
  if (paths.length === 0) throw new Error('VOLUME requires at least one argument');
  if (paths.some((path) => path.trim() === '')) throw new Error('VOLUME specified can not be an empty string');
  return { ...plain(source), kind: 'volume', paths };
}

export function parseShell(source: SourceInstruction): Shell {
  const args = jsonStrings(source.rest);
  if (args === undefined) throw new Error('SHELL requires the arguments to be in JSON form');
  if (args.length === 0) throw new Error('SHELL requires at least one argument');
  return { ...plain(source), kind: 'shell', args };
}

export function parseMaintainer(source: SourceInstruction): Maintainer {
  return { ...plain(source), kind: 'maintainer', author: single(source) };
}
