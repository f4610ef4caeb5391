/** What a Dockerfile will need and do, read off its text before anything is done. */
import { posix } from 'node:path';
import { hostPlatform } from '../images/platform.js';
import type { Platform } from '../images/types.js';
import { processWord } from './expand/expand.js';
import { buildGraph, contextName, findFrom, fromNames, type Graph, type Stage } from './graph/graph.js';
import { platformArgs } from './graph/platform.js';
import { parseInstruction } from './instructions/parse.js';
import type { Instruction, StageInstruction } from './instructions/types.js';
import { type LintInput, lint } from './lint/lint.js';
import type { SourceFile, Warning } from './parse/ast.js';
import { DockerfileError } from './parse/errors.js';
import { lexDockerfile } from './parse/lex.js';
import { tellFailure } from './solve/failures.js';
import type { BuildOptions } from './types.js';

export interface PlannedStage {
  readonly index: number;
  readonly name: string | undefined;
  /** What follows FROM, variables filled in. */
  readonly base: string;
  readonly line: number;
  /** Reference of the image that it stands on; undefined for another stage and for scratch. */
  readonly image: string | undefined;
  /** Expanded text of `--platform`. */
  readonly platform: string | undefined;
  /** Instructions that make a layer. */
  readonly layers: number;
}

export interface BuildPlan {
  /** Those that the target needs. */
  readonly stages: readonly PlannedStage[];
  readonly all: readonly PlannedStage[];
  readonly target: PlannedStage;
  /** Whether there is one stage that reads nothing else, so that its steps need no name in front. */
  readonly isPlain: boolean;
  /** Images that stages stand on or take files from, with the line that says so. */
  readonly images: readonly { readonly line: number; readonly name: string }[];
  /** Paths of the context that are read; undefined: all of it, or not to be known before. Empty: none. */
  readonly contextPaths: readonly string[] | undefined;
  readonly warnings: readonly Warning[];
  /** What the needed stages can be given, in file order. */
  readonly parameters: readonly Parameter[];
}

export interface Parameter {
  readonly kind: 'arg' | 'secret' | 'ssh';
  readonly name: string;
  /** Default of an ARG. */
  readonly value: string | undefined;
  readonly required: boolean;
  readonly line: number;
}

export type PlanOptions = Pick<BuildOptions, 'target' | 'buildArgs' | 'platform' | 'contextImages' | 'contexts'> &
  Pick<LintInput, 'baseEnv' | 'basePlatform' | 'ignored'>;

/** Throws BuildFailure. */
export function planBuild(text: string, name: string, options: PlanOptions): BuildPlan {
  try {
    const host = hostPlatform(process.arch);
    const { source, instructions, graph } = layGraph(text, options, host);
    const all = graph.stages.map(plannedStage);
    return {
      stages: graph.needed.map(({ index }) => all[index]!),
      all,
      target: all[graph.target.index]!,
      isPlain: isPlain(graph),
      images: graph.needed.flatMap((stage) => imagesOf(stage, graph)),
      contextPaths: contextPaths(graph, source.directives.escapeToken),
      parameters: graph.needed.flatMap(({ instructions }) => instructions.flatMap(parametersOf)),
      warnings: lint({ source, instructions, graph, ...options }),
    };
  } catch (error) {
    throw tellFailure(error, { name, text });
  }
}

/** Text → instructions → graph. Throws DockerfileError. */
export function layGraph(
  text: string,
  { target, buildArgs, platform, contextImages, contexts }: PlanOptions,
  host: Platform,
): { source: SourceFile; instructions: Instruction[]; graph: Graph } {
  const source = lexDockerfile(text);
  const { escapeToken, syntax } = source.directives;
  if (syntax !== undefined) expectDockerfileSyntax(syntax);
  const instructions = source.instructions.map((one) => parseInstruction(one, { escapeToken }));
  const predefined = platformArgs(host, platform ?? host, target || 'default');
  const named = { images: contextNames(contextImages), folders: contextNames(contexts) };
  const graph = buildGraph(instructions, { escapeToken, target, buildArgs, predefined, named });
  return { source, instructions, graph };
}

/** Docker's own frontend, in any version and from any mirror, is what this builder does itself. */
const DOCKERFILE_FRONTEND = /(^|\/)dockerfile(-upstream)?([:@].*)?$/;

function expectDockerfileSyntax(syntax: string): void {
  const [image = ''] = syntax.trim().split(/\s/);
  if (DOCKERFILE_FRONTEND.test(image)) return;
  const why = `the frontend ${image} of "# syntax=" cannot be run: this builder reads Dockerfiles itself (docker/dockerfile)`;
  throw new DockerfileError(why, { line: 1, endLine: 1 });
}

const contextNames = (given: Readonly<Record<string, string>> = {}) => new Set(Object.keys(given).map(contextName));

/** BuildKit counts what a command reads as stages, the context of a mount too. */
function isPlain({ stages }: Graph): boolean {
  const reads = stages
    .flatMap(({ instructions }) => instructions)
    .some((one) => fromNames(one).length > 0 || (one.kind === 'run' && one.mounts.length > 0));
  return stages.length === 1 && !reads;
}

function imagesOf({ index, base, from, instructions }: Stage, { stages, named }: Graph): BuildPlan['images'] {
  const own = base.kind === 'image' ? [{ line: from.line, name: base.name }] : [];
  const read = instructions.flatMap((one) => fromNames(one).map((name) => ({ line: one.line, name })));
  return [...own, ...read.filter(({ name }) => findFrom(name, stages.slice(0, index), named).kind === 'image')];
}

const layered = new Set(['run', 'copy', 'add', 'workdir']);

function plannedStage({ index, name, from, base, platform, instructions }: Stage): PlannedStage {
  return {
    index,
    name,
    base: base.kind === 'image' ? base.name : from.image,
    line: from.line,
    image: base.kind === 'image' ? base.name : undefined,
    platform,
    layers: instructions.filter(({ kind }) => layered.has(kind)).length,
  };
}

function parametersOf(instruction: StageInstruction): Parameter[] {
  const { line } = instruction;
  if (instruction.kind === 'arg')
    return instruction.args.map(({ key, value }) => ({ kind: 'arg', name: key, value, required: false, line }));
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap((mount) => {
    if (mount.type !== 'secret' && mount.type !== 'ssh') return [];
    const name = mount.id ?? (mount.type === 'ssh' ? 'default' : posix.basename(mount.source ?? mount.target ?? ''));
    return [{ kind: mount.type, name, value: undefined, required: mount.required, line }];
  });
}

function contextPaths({ needed }: Graph, escapeToken: string): readonly string[] | undefined {
  const paths: string[] = [];
  for (const instruction of needed.flatMap(({ instructions }) => instructions)) {
    const read = pathsOf(instruction, escapeToken);
    if (read === undefined) return undefined;
    paths.push(...read);
  }
  return [...new Set(paths)];
}

/** Undefined: it reads all, or what a variable says. */
function pathsOf(instruction: StageInstruction, escapeToken: string): string[] | undefined {
  // A stage that stands on this one may do it.
  if (instruction.kind === 'onbuild' && /^(copy|add|run)\b/i.test(instruction.trigger)) return undefined;
  const words = readPaths(instruction).map((path) => withoutQuotes(path, escapeToken));
  if (words.includes(undefined)) return undefined;
  const read = words.map((path) => path!.replace(/^(\.?\/)+/, '').replace(/\/\.$|\/+$/, ''));
  const open = read.some((path) => path === '' || path === '.' || path.split('/').includes('..'));
  return open ? undefined : read;
}

/** As the step will see it; undefined where only the step can say. */
function withoutQuotes(path: string, escapeToken: string): string | undefined {
  if (path.includes('$')) return undefined;
  try {
    return processWord(path, () => undefined, { escapeToken });
  } catch {
    return undefined;
  }
}

function readPaths(instruction: StageInstruction): string[] {
  if (instruction.kind === 'run') {
    const binds = instruction.mounts.filter(({ type = 'bind', from = '' }) => type === 'bind' && from === '');
    return binds.map(({ source }) => source ?? '.');
  }
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return [];
  if (instruction.from !== undefined) return [];
  const { sources } = instruction;
  return instruction.kind === 'add' ? sources.filter((path) => !remote.test(path)) : [...sources];
}

const remote = /^(https?|git|ssh):\/\/|^[\w.-]+@[\w.-]+:/;
