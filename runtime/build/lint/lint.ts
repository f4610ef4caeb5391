/**
 * `docker build --check`: BuildKit's rules under their names (docs.docker.com/reference/build-checks). A warning's text is
 * `Rule: detail`. Pure.
 */
import type { Platform } from '../../images/types.js';
import type { Graph } from '../graph/graph.js';
import type { Instruction } from '../instructions/types.js';
import type { SourceFile, Warning } from '../parse/ast.js';
import { checkSettings } from './settings.js';
import { descriptions, emptyContinuations, instructionCasing } from './source-rules.js';
import { basePlatforms, fromRules, stageNames } from './stage-rules.js';
import { exposed, keyValues, maintainers, repeated, secrets, shellForm } from './step-rules.js';
import { undefinedVariables, workdirs } from './variable-rules.js';

export interface LintInput {
  readonly source: SourceFile;
  readonly instructions: readonly Instruction[];
  readonly graph: Graph;
  /** ENV of an image that is here; undefined: not known. */
  readonly baseEnv?: (image: string) => readonly string[] | undefined;
  /** Of an image that is here; undefined: not known. */
  readonly basePlatform?: (image: string) => Platform | undefined;
  /** What is built for where FROM says nothing else; this machine when undefined. */
  readonly platform?: Platform;
  /** Whether the ignore file leaves a path of the context out. */
  readonly ignored?: (path: string) => boolean;
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
}

export type Rule = (input: LintInput) => Warning[];

const RULES: readonly Rule[] = [
  emptyContinuations,
  instructionCasing,
  stageNames,
  fromRules,
  basePlatforms,
  maintainers,
  shellForm,
  workdirs,
  repeated,
  secrets,
  keyValues,
  exposed,
  undefinedVariables,
  ignoredFiles,
  descriptions,
];

/** Rules that are only asked for with `experimental=`. */
const EXPERIMENTAL = new Set(['InvalidDefinitionDescription', 'CopyIgnoredFile']);

/** By line; without what `# check=skip=…` leaves out. */
export function lint(input: LintInput): Warning[] {
  const { skips, experimental } = checkSettings(input.source.directives.check, input.buildArgs);
  const wanted = ({ text }: Warning) => {
    const rule = ruleOf(text);
    return EXPERIMENTAL.has(rule) ? experimental(rule) : !skips(rule);
  };
  const found = RULES.flatMap((rule) => rule(input)).filter(wanted);
  return found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** The sentence with which a build ends that `# check=error=true` forbids to warn; undefined when it may go on. */
export function lintFailure(
  { source, buildArgs }: Pick<LintInput, 'source' | 'buildArgs'>,
  found: readonly Warning[],
): string | undefined {
  const { error } = checkSettings(source.directives.check, buildArgs);
  if (!error || found.length === 0) return undefined;
  return `lint violation found for rules: ${[...new Set(found.map(({ text }) => ruleOf(text)))].join(', ')}`;
}

const ruleOf = (text: string) => text.slice(0, text.indexOf(':'));

function ignoredFiles({ instructions, ignored }: LintInput): Warning[] {
  if (ignored === undefined) return [];
  return instructions.flatMap((one) => {
    if ((one.kind !== 'copy' && one.kind !== 'add') || one.from !== undefined) return [];
    const plain = one.sources.filter((path) => !/[*?[\\$]|:\/\//.test(path));
    const hidden = plain.filter((path) => ignored(path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')));
    const verb = one.kind === 'copy' ? 'Copy' : 'Add';
    return hidden.map((path) => ({
      line: one.line,
      text: `CopyIgnoredFile: Attempting to ${verb} file "${path}" that is excluded by .dockerignore`,
    }));
  });
}
