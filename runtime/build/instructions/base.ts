import type { SourceInstruction } from '../parse/ast.js';
import { Flags } from './flags.js';

export interface ParseContext {
  readonly escapeToken: string;
}

/** The fields that all instructions share; refuses flags. */
export function plain(source: SourceInstruction) {
  new Flags(source.flags, {});
  return base(source);
}

export function base(source: SourceInstruction) {
  return { text: source.text, line: source.line, endLine: source.endLine };
}
