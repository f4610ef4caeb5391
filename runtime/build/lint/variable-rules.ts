/** Rules that need to know what is set at each line. */
import { type ExpandOptions, processWord } from '../expand/expand.js';
import type { Stage } from '../graph/graph.js';
import type { Instruction, StageInstruction } from '../instructions/types.js';
import type { Warning } from '../parse/ast.js';
import { heredocText } from '../parse/heredoc.js';
import { nearest } from '../parse/suggest.js';
import type { LintInput } from './lint.js';

/** A first one that is relative depends on the base image. */
export function workdirs({ instructions }: LintInput): Warning[] {
  let isFirst = true;
  return instructions.flatMap((one) => {
    if (one.kind === 'from') isFirst = true;
    if (one.kind !== 'workdir') return [];
    const told = isFirst && !/^[/$]/.test(one.path);
    isFirst = false;
    if (!told) return [];
    const text = `WorkdirRelativePath: Relative workdir "${one.path}" can have unexpected results if the base image changes`;
    return [{ line: one.line, text }];
  });
}

/** Known to BuildKit without being declared. */
const ALWAYS = ['SOURCE_DATE_EPOCH', 'BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE'];

/** Of stages whose base's variables are known. */
export function undefinedVariables(input: LintInput): Warning[] {
  const ends = new Map<number, ReadonlySet<string> | undefined>();
  return input.graph.stages.flatMap((stage) => {
    const begun = variablesOfBase(stage, input, ends);
    if (begun === undefined) return [];
    const known = new Set(begun);
    const found = stage.instructions.flatMap((one) => {
      const declared = declaredBy(one);
      // The values of one ARG see those before them, the pairs of one ENV do not.
      const seen = one.kind === 'arg' ? new Set([...known, ...declared]) : known;
      const warnings = undefinedIn(one, seen, input);
      for (const name of declared) known.add(name);
      return warnings;
    });
    ends.set(stage.index, known);
    return found;
  });
}

function variablesOfBase(
  { base }: Stage,
  { baseEnv }: LintInput,
  ends: ReadonlyMap<number, ReadonlySet<string> | undefined>,
): ReadonlySet<string> | undefined {
  if (base.kind === 'stage') return ends.get(base.index);
  if (base.kind !== 'image') return new Set([...ALWAYS, 'PATH']);
  const lines = baseEnv?.(base.name);
  return lines && new Set([...ALWAYS, 'PATH', ...lines.map((line) => line.split('=', 1)[0]!)]);
}

function declaredBy(one: Instruction): string[] {
  if (one.kind === 'env') return one.pairs.map(({ key }) => key);
  return one.kind === 'arg' ? one.args.map(({ key }) => key) : [];
}

function undefinedIn(one: StageInstruction, known: ReadonlySet<string>, { source }: LintInput): Warning[] {
  const unset = new Set<string>();
  // With a default behind it, too: so does BuildKit.
  const look = (name: string) => {
    if (known.has(name)) return 'x';
    unset.add(name);
    return undefined;
  };
  const read = (text: string, options: ExpandOptions) => {
    try {
      processWord(text, look, options);
    } catch {
      // Told where it is expanded for the build.
    }
  };
  for (const text of expandedTexts(one)) read(text, source.directives);
  for (const text of bodies(one)) read(text, { escapeToken: '\\', plainQuotes: true });
  return [...unset].map((name) => {
    const near = nearest(name, [...known]);
    const hint = near === undefined ? '' : ` (did you mean $${near}?)`;
    return { line: one.line, text: `UndefinedVar: Usage of undefined variable '$${name}'${hint}` };
  });
}

/** Heredocs that are files. */
function bodies(one: StageInstruction): readonly string[] {
  if (one.kind !== 'copy' && one.kind !== 'add') return [];
  return one.files.filter(({ expand }) => expand).map(heredocText);
}

/** What is expanded by the builder and not by a shell. */
function expandedTexts(one: StageInstruction): readonly string[] {
  switch (one.kind) {
    case 'env':
    case 'label':
      return one.pairs.flatMap(({ key, value }) => [key, value]);
    case 'arg':
      return one.args.flatMap(({ value }) => (value === undefined ? [] : [value]));
    case 'copy':
    case 'add':
      return [...one.sources, one.destination, one.chown ?? '', one.chmod ?? '', ...one.excludes];
    case 'run':
      return one.mounts.map(({ text }) => text);
    case 'workdir':
      return [one.path];
    case 'user':
      return [one.user];
    case 'expose':
      return one.ports;
    case 'volume':
      return one.paths;
    case 'stopsignal':
      return [one.signal];
    default:
      return [];
  }
}
