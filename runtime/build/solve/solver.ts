/** Runs the graph: needed stages at once, each waiting only where it reads another; the first failure stops all. */

import { parsePlatform } from '../../images/parse-platform.js';
import { digestSelected } from '../files/digest.js';
import { layerTar } from '../files/layer-tar.js';
import { LayerDraft } from '../files/place.js';
import { selectSources } from '../files/select.js';
import { emptyTree } from '../files/tree.js';
import type { Stage } from '../graph/graph.js';
import { platformArgs } from '../graph/platform.js';
import { parseInstruction } from '../instructions/parse.js';
import type { StageInstruction } from '../instructions/types.js';
import { DockerfileError } from '../parse/errors.js';
import { lexTrigger } from '../parse/lex.js';
import { applyConfigStep } from './config-steps.js';
import { copyStep } from './copy-step.js';
import { layerOptions } from './epoch.js';
import { StepFailure } from './failures.js';
import { givenContext } from './images.js';
import { cacheKey } from './layer-cache.js';
import { addedLayer, announce } from './layer-step.js';
import { runStep } from './run-step.js';
import { ignoresCache, type Scope, type StepScope } from './scope.js';
import { contextFiles } from './sources.js';
import { continuedState, imageState, type StageState, scratchState } from './state.js';
import { workdirStep } from './workdir-step.js';

export type ScopeWithoutStages = Omit<Scope, 'stage' | 'signal'>;

/** Throws StepFailure for a step that failed, or the reason of the signal. */
export async function solve(
  base: ScopeWithoutStages,
  signal: AbortSignal,
): Promise<{ state: StageState; stages: StageState[] }> {
  const abort = new AbortController();
  const stages = new Map<number, Promise<StageState>>();
  const stage = (index: number): Promise<StageState> => {
    const known = stages.get(index);
    if (known !== undefined) return known;
    const started = runStage(scope, base.graph.stages[index]!).catch((error) => {
      abort.abort(error);
      throw error;
    });
    started.catch(() => undefined);
    stages.set(index, started);
    return started;
  };
  const scope: Scope = { ...base, stage, signal: AbortSignal.any([signal, abort.signal]) };
  for (const { index } of base.graph.needed) stage(index);
  await Promise.allSettled(stages.values());
  signal.throwIfAborted();
  if (abort.signal.aborted) throw abort.signal.reason;
  const state = await stage(base.graph.target.index);
  return { state, stages: await Promise.all(stages.values()) };
}

async function runStage(scope: Scope, stage: Stage): Promise<StageState> {
  const first = firstStep(scope, stage);
  const platform = stagePlatform(scope, stage);
  const family = platformArgs(scope.workshop.platform, scope.platform, scope.graph.target.name ?? 'default');
  const step: StepScope = {
    ...scope,
    current: stage,
    step: first,
    globals: (name) => scope.graph.globals.get(name) ?? family.get(name),
    buildArgs: scope.options.buildArgs,
  };
  const { state: begun, triggers } = await locate(stage.from, () => begin(step, stage, platform));
  let state = begun;
  for (const text of triggers) {
    const source = { ...lexTrigger(text), line: stage.from.line, endLine: stage.from.endLine };
    const trigger = await locate(stage.from, async () => parseInstruction(source, scope) as StageInstruction);
    const before = state;
    state = await locate(stage.from, () => runInstruction(step, before, trigger));
  }
  for (const [index, instruction] of stage.instructions.entries()) {
    const before = state;
    const here = { ...step, step: first + index + 1 };
    state = await locate(instruction, () => runInstruction(here, before, instruction));
  }
  return state;
}

/** Counted from 1 over all needed stages in file order. */
function firstStep(scope: Scope, stage: Stage): number {
  const before = scope.graph.needed.filter(({ index }) => index < stage.index);
  return before.reduce((sum, { instructions }) => sum + instructions.length + 1, 1);
}

function stagePlatform(scope: Scope, stage: Stage) {
  return stage.platform === undefined ? scope.platform : parsePlatform(stage.platform, scope.workshop.platform);
}

async function begin(scope: StepScope, stage: Stage, platform: Scope['platform']) {
  const { base, from } = stage;
  scope.emit({
    kind: 'step',
    step: scope.step,
    of: scope.graph.needed.reduce((sum, { instructions }) => sum + instructions.length + 1, 0),
    instruction: from.text,
    stage: stage.name,
    stageIndex: stage.index,
    line: from.line,
    cached: false,
  });
  if (base.kind === 'scratch') {
    scope.emit({ kind: 'layer', step: scope.step, id: '' });
    return { state: scratchState(platform), triggers: [] };
  }
  if (base.kind === 'stage') {
    const ended = await scope.stage(base.index);
    scope.emit({ kind: 'layer', step: scope.step, id: `sha256:${ended.key}` });
    return { state: continuedState(ended), triggers: ended.config.OnBuild ?? [] };
  }
  if (base.kind === 'context') return { state: await contextState(scope, base.name, platform), triggers: [] };
  const strict = stage.platform !== undefined || scope.options.platform !== undefined;
  const image = await scope.image({ name: base.name, platform, strict });
  for (const chain of image.chainIds) scope.held.add(chain);
  scope.emit({ kind: 'layer', step: scope.step, id: image.id });
  return { state: imageState(image), triggers: image.config.OnBuild ?? [] };
}

/** A stage on a folder of the client: all of it in one layer, which has no history. */
async function contextState(scope: StepScope, name: string, platform: Scope['platform']): Promise<StageState> {
  const files = await contextFiles(givenContext(scope.options.contexts, name)!);
  const selected = await selectSources(await files.tree(), ['/'], { parents: false, excludes: [] });
  const empty = scratchState(platform);
  const draft = new LayerDraft(emptyTree);
  await draft.place(selected, { destination: '/', owner: undefined, mode: undefined, nowMs: Date.now() });
  const material = ['context', await digestSelected(selected, scope.workshop.known)];
  const layer = await addedLayer(scope, undefined, {
    material,
    make: ({ add }) => add(layerTar(draft.placed, layerOptions(scope))),
  });
  return { ...empty, key: layer.chainId, layers: [layer] };
}

async function runInstruction(scope: StepScope, state: StageState, instruction: StageInstruction): Promise<StageState> {
  scope.signal.throwIfAborted();
  switch (instruction.kind) {
    case 'run':
      return runStep(scope, state, instruction);
    case 'copy':
    case 'add':
      return copyStep(scope, state, instruction);
    case 'workdir':
      return workdirStep(scope, state, instruction);
    default: {
      const next = applyConfigStep(state, instruction, scope);
      const key = cacheKey([state.key, instruction.text, next.config, [...next.args]]);
      announce(scope, instruction, !ignoresCache(scope) && scope.workshop.seen.has(key));
      scope.workshop.seen.add(key);
      scope.emit({ kind: 'layer', step: scope.step, id: `sha256:${key}` });
      return { ...next, key };
    }
  }
}

/** Says which line failed. What another stage already failed with passes as it is. */
async function locate<T>(at: { line: number; endLine: number }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StepFailure) throw error;
    throw new StepFailure(error instanceof DockerfileError ? (error.location ?? at) : at, error);
  }
}
