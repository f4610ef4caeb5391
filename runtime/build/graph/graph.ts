/** Stages, what they need of each other, and which of them a target needs. Pure. */
import { checkPlatform } from '../../images/parse-platform.js';
import { parseReference } from '../../images/reference.js';
import { processWord, type Variables } from '../expand/expand.js';
import type { Arg, Copy, From, Instruction, Run, StageInstruction } from '../instructions/types.js';
import type { Location } from '../parse/ast.js';
import { DockerfileError } from '../parse/errors.js';
import { didYouMean } from '../parse/suggest.js';

/** What a stage stands on, or takes files from. */
export type Source =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly name: string }
  /** A folder that the client names. */
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'scratch' };

export interface Stage {
  readonly index: number;
  readonly name: string | undefined;
  readonly from: From;
  readonly base: Source;
  /** Expanded text of `--platform`. */
  readonly platform: string | undefined;
  readonly instructions: readonly StageInstruction[];
  /** Indexes of the stages that this one reads, its base first. */
  readonly needs: readonly number[];
}

export interface Graph {
  readonly stages: readonly Stage[];
  readonly target: Stage;
  /** The target and what it needs, in file order. */
  readonly needed: readonly Stage[];
  /** `ARG`s before the first FROM, with their values. */
  readonly globals: ReadonlyMap<string, string | undefined>;
  readonly named: Named;
}

export interface GraphOptions {
  readonly escapeToken: string;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
  /** The TARGETPLATFORM family. */
  readonly predefined: ReadonlyMap<string, string>;
  /** Names that stand for given images or folders, whatever the Dockerfile says of them. */
  readonly named?: Named;
}

/** Names that the client gave, in the form of `contextName`. */
export interface Named {
  readonly images: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

const NOTHING: Named = { images: new Set(), folders: new Set() };

/** `alpine`, `alpine:latest` and `docker.io/library/alpine` are one name. */
export function contextName(name: string): string {
  const short = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return short.replace(/:latest$/, '').toLowerCase();
}

function namedSource(name: string, named: Named = NOTHING): Source | undefined {
  const key = contextName(name);
  if (named.images.has(key)) return { kind: 'image', name: key };
  return named.folders.has(key) ? { kind: 'context', name: key } : undefined;
}

/** Throws DockerfileError. */
export function buildGraph(instructions: readonly Instruction[], options: GraphOptions): Graph {
  const first = instructions.findIndex((one) => one.kind === 'from');
  if (first < 0) throw noStage(instructions);
  const globals = readGlobals(instructions.slice(0, first), options);
  const variables: Variables = (name) => globals.get(name) ?? options.predefined.get(name);
  const stages: Stage[] = [];
  for (const group of groupStages(instructions.slice(first))) stages.push(makeStage(group, stages, variables, options));
  const target = pickTarget(stages, options.target);
  const needed = neededStages(stages, target);
  for (const stage of needed) checkSources(stage, stages, options.named);
  return { stages, target, needed, globals, named: options.named ?? NOTHING };
}

/** BuildKit's parser stumbles over an instruction outside of a stage; that there is none at all it sees later. */
function noStage(instructions: readonly Instruction[]): DockerfileError {
  const other = instructions.find(({ kind }) => kind !== 'arg');
  return other === undefined
    ? new DockerfileError('dockerfile contains no stages to build', undefined)
    : new DockerfileError('no build stage in current context', other);
}

function readGlobals(instructions: readonly Instruction[], options: GraphOptions): Map<string, string | undefined> {
  const globals = new Map<string, string | undefined>();
  for (const instruction of instructions) {
    if (instruction.kind !== 'arg') throw new DockerfileError('no build stage in current context', instruction);
    for (const arg of instruction.args) globals.set(arg.key, globalValue(arg, instruction, globals, options));
  }
  return globals;
}

function globalValue(
  arg: Arg['args'][number],
  location: Location,
  globals: ReadonlyMap<string, string | undefined>,
  options: GraphOptions,
): string | undefined {
  const given = Object.hasOwn(options.buildArgs, arg.key) ? options.buildArgs[arg.key] : undefined;
  if (given !== undefined) return given;
  if (arg.value === undefined) return options.predefined.get(arg.key);
  return expandAt(
    arg.value,
    (name) => globals.get(name) ?? options.predefined.get(name),
    options.escapeToken,
    location,
  );
}

/** Expands with the place of the mistake. */
export function expandAt(text: string, variables: Variables, escapeToken: string, location: Location): string {
  try {
    return processWord(text, variables, { escapeToken });
  } catch (cause) {
    throw new DockerfileError(`failed to process ${JSON.stringify(text)}: ${(cause as Error).message}`, location);
  }
}

function groupStages(instructions: readonly Instruction[]): { from: From; rest: StageInstruction[] }[] {
  const groups: { from: From; rest: StageInstruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === 'from') groups.push({ from: instruction, rest: [] });
    else groups.at(-1)!.rest.push(instruction);
  }
  return groups;
}

function makeStage(
  { from, rest }: { from: From; rest: StageInstruction[] },
  before: readonly Stage[],
  variables: Variables,
  { escapeToken, named }: Pick<GraphOptions, 'escapeToken' | 'named'>,
): Stage {
  const image = expandAt(from.image, variables, escapeToken, from);
  if (image === '') {
    throw new DockerfileError(`base name (${from.image}) should not be blank`, from);
  }
  const platform = stagePlatform(from, variables, escapeToken);
  const given = from.name === undefined ? undefined : namedSource(from.name, named);
  if (given !== undefined) return givenStage(before.length, from, given);
  const base = namedSource(image, named) ?? findBase(image, before);
  const reads = rest.flatMap((instruction) => stageReads(instruction, before, named));
  const needs = base.kind === 'stage' ? [base.index, ...reads] : reads;
  return {
    index: before.length,
    name: from.name,
    from,
    base,
    platform,
    instructions: rest,
    needs: [...new Set(needs)],
  };
}

/** Nothing said is this machine's; what a variable says has to be something. */
function stagePlatform({ platform = '', ...from }: From, variables: Variables, escapeToken: string) {
  if (platform === '') return undefined;
  const expanded = expandAt(platform, variables, escapeToken, from);
  if (expanded === '') throw new DockerfileError(`empty platform value from expression ${platform}`, from);
  try {
    checkPlatform(expanded);
  } catch (cause) {
    throw new DockerfileError(`failed to parse platform ${expanded}: ${(cause as Error).message}`, from);
  }
  return expanded;
}

/** Throws for a name that is no image's, and where a stage takes files of itself or of one that only comes later. */
function checkSources(stage: Stage, stages: readonly Stage[], named: Named | undefined): void {
  const { base, from, instructions } = stage;
  if (base.kind === 'image' && namedSource(base.name, named) === undefined) checkImage(base.name, from);
  for (const instruction of instructions) {
    for (const wanted of fromNames(instruction)) {
      if (namedSource(wanted, named) === undefined) checkFrom(wanted, stage, stages, instruction);
    }
  }
}

function checkFrom(wanted: string, { index, name }: Stage, stages: readonly Stage[], location: StageInstruction): void {
  const own = name ?? `stage-${index}`;
  if (wanted.toLowerCase() === own || wanted === String(index))
    throw new DockerfileError(`circular dependency detected on stage: ${own}`, location);
  const source = findFrom(wanted, stages.slice(0, index));
  if (source.kind !== 'image') return;
  if (findStage(wanted, stages) === undefined) {
    checkImage(wanted, location);
    return;
  }
  throw new DockerfileError(tooEarly(wanted, own, location), location);
}

/** BuildKit's words for a stage that comes later. */
function tooEarly(wanted: string, own: string, instruction: StageInstruction): string {
  if (instruction.kind !== 'run')
    return `cannot copy from stage "${wanted}", it needs to be defined before current stage "${own}"`;
  const target = instruction.mounts.find(({ from }) => from === wanted)?.target ?? '';
  return `cannot mount from stage "${wanted}" to "${target}", stage needs to be defined before current command`;
}

function checkImage(name: string, location: Location): void {
  try {
    parseReference(name);
  } catch (cause) {
    throw new DockerfileError(`failed to parse stage name "${name}": ${(cause as Error).message}`, location, { cause });
  }
}

/** A stage whose name stands for a given image or folder is that. */
function givenStage(index: number, from: From, base: Source): Stage {
  return { index, name: from.name, from, base, platform: undefined, instructions: [], needs: [] };
}

/** FROM takes a stage's name in lower case only; anything else is an image's. */
function findBase(name: string, before: readonly Stage[]): Source {
  return name === name.toLowerCase() ? findSource(name, before) : { kind: 'image', name };
}

/** The latest stage of that name wins, as in BuildKit. */
function findSource(name: string, before: readonly Stage[]): Source {
  const stage = findStage(name, before);
  if (stage !== undefined) return { kind: 'stage', index: stage.index };
  return name === 'scratch' ? { kind: 'scratch' } : { kind: 'image', name };
}

function findStage(name: string, among: readonly Stage[]): Stage | undefined {
  const wanted = name.toLowerCase();
  return among.findLast((one) => one.name === wanted);
}

/** `--from` takes a stage's name or number, or an image. */
export function findFrom(name: string, before: readonly Stage[], named?: Named): Source {
  const given = namedSource(name, named);
  if (given !== undefined) return given;
  if (/^\d+$/.test(name)) {
    const index = Number(name);
    if (index >= before.length) {
      throw new DockerfileError(`invalid stage index ${index}`, undefined);
    }
    return { kind: 'stage', index };
  }
  return findSource(name, before);
}

/** Names that an instruction's `--from` mention. */
export function fromNames(instruction: StageInstruction): string[] {
  if (instruction.kind === 'copy') return copyFrom(instruction);
  return instruction.kind === 'run' ? mountFroms(instruction) : [];
}

function copyFrom({ from }: Copy): string[] {
  return from === undefined ? [] : [from];
}

function mountFroms({ mounts }: Run): string[] {
  return mounts.map(({ from }) => from).filter((from) => from !== undefined && from !== '') as string[];
}

function stageReads(instruction: StageInstruction, before: readonly Stage[], named: Named | undefined): number[] {
  // itself is told with all else that is wrong
  const others = fromNames(instruction).filter((name) => name !== String(before.length));
  return others.flatMap((name) => {
    const source = findFrom(name, before, named);
    return source.kind === 'stage' ? [source.index] : [];
  });
}

function pickTarget(stages: readonly Stage[], wanted: string | undefined): Stage {
  if (wanted === undefined || wanted === '') return stages.at(-1)!;
  const target = stages.findLast((stage) => stage.name === wanted.toLowerCase());
  if (target === undefined) {
    const names = stages.flatMap(({ name }) => (name === undefined ? [] : [name]));
    throw new DockerfileError(`target stage "${wanted}" could not be found${didYouMean(wanted, names)}`, undefined);
  }
  return target;
}

function neededStages(stages: readonly Stage[], target: Stage): Stage[] {
  const needed = new Set<number>();
  const todo = [target.index];
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    if (needed.has(index)) continue;
    needed.add(index);
    todo.push(...stages[index]!.needs);
  }
  return stages.filter(({ index }) => needed.has(index));
}
