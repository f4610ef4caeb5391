/** Rules about how the Dockerfile is written. */
import type { Warning } from '../parse/ast.js';
import type { LintInput } from './lint.js';

export function emptyContinuations({ source }: LintInput): Warning[] {
  return [...source.warnings];
}

export function instructionCasing({ source: { instructions } }: LintInput): Warning[] {
  const upper = instructions.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const lower = instructions.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const wanted = lower > upper ? 'lowercase' : 'uppercase';
  const cased = (keyword: string) => (wanted === 'lowercase' ? keyword.toLowerCase() : keyword.toUpperCase());
  const odd = instructions.filter(({ keyword }) => keyword !== cased(keyword));
  return odd.map(({ keyword, line }) => ({
    line,
    text: `ConsistentInstructionCasing: Command '${keyword}' should match the case of the command majority (${wanted})`,
  }));
}

/** A comment right above a stage or an argument describes it, and begins with its name. */
export function descriptions({ source, instructions }: LintInput): Warning[] {
  return instructions.flatMap((one) => {
    const name = one.kind === 'from' ? one.name : one.kind === 'arg' ? one.args[0]!.key : undefined;
    const above = source.comments.find(({ line }) => line === one.line - 1);
    if (name === undefined || above === undefined || isDescription(above.text, name)) return [];
    const keyword = one.kind.toUpperCase();
    return [
      {
        line: one.line,
        text: `InvalidDefinitionDescription: Comment for ${keyword} should follow the format: \`# ${name} <description>\``,
      },
    ];
  });
}

const isDescription = (comment: string, name: string) =>
  comment.startsWith(`${name} `) && comment.length > name.length + 1;
