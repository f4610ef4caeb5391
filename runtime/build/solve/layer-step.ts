/** Every step that makes a layer goes through here: look it up, share it, make it, keep it, write it down. */
import type { Readable } from 'node:stream';
import { processWord } from '../expand/expand.js';
import type { Run, StageInstruction } from '../instructions/types.js';
import { parseHeredocStart } from '../parse/heredoc.js';
import { clampOf } from './epoch.js';
import { layerHistory } from './history.js';
import { cacheKey, type LayerRecord } from './layer-cache.js';
import { ignoresCache, type StepMessage, type StepScope } from './scope.js';
import { chainOf, type StageState } from './state.js';

export interface LayerWork {
  readonly instruction: StageInstruction;
  readonly createdBy: string;
  /** All that decides what the layer will hold, beside the layers below it. */
  readonly material: unknown;
  readonly make: (tools: LayerTools) => Promise<NewLayer>;
  /** Asked afterwards: false when what was read has changed meanwhile. Such a layer is used, and not remembered. */
  readonly stillTrue?: () => Promise<boolean>;
}

export type NewLayer = Omit<LayerRecord, 'created' | 'parent'>;

export interface LayerTools {
  readonly signal: AbortSignal;
  readonly say: (message: StepMessage) => void;
  /** Returns when the layer is stored. `upper`: the folder that the tar is made of; it becomes the layer itself. */
  readonly add: (tar: Readable, upper?: string) => Promise<NewLayer>;
}

export async function layerStep(scope: StepScope, state: StageState, work: LayerWork): Promise<StageState> {
  const parent = chainOf(state);
  const key = layerKey(scope, parent, work.material);
  const found = ignoresCache(scope) ? undefined : scope.workshop.cache.find(key);
  announce(scope, work.instruction, found !== undefined, titleOf(state, work.instruction, scope.escapeToken));
  const record = found ?? (await makeLayer(scope, { key, parent, work }));
  scope.held.add(record.chainId);
  scope.emit({ kind: 'layer', step: scope.step, id: record.chainId });
  return {
    ...state,
    key,
    layers: [...state.layers, { diffId: record.diffId, chainId: record.chainId, key, created: record.created }],
    history: [...state.history, layerHistory(work.createdBy, record.created)],
  };
}

/** Layers with rewritten times are others than those without. */
function layerKey({ options }: StepScope, parent: LayerRecord['parent'], material: unknown): string {
  const clamp = clampOf(options);
  return cacheKey([parent ?? '', material, ...(clamp === undefined ? [] : [clamp])]);
}

/** A layer that no instruction made. */
export async function addedLayer(
  scope: StepScope,
  parent: LayerRecord['parent'],
  work: Pick<LayerWork, 'material' | 'make'>,
): Promise<LayerRecord> {
  const key = layerKey(scope, parent, work.material);
  const record = scope.workshop.cache.find(key) ?? (await makeLayer(scope, { key, parent, work }));
  scope.held.add(record.chainId);
  return record;
}

/**
 * The instruction as people are shown it: variables filled in; a command keeps its quotes and what is not set, and a
 * lone heredoc shows how it begins.
 */
function titleOf(state: StageState, instruction: StageInstruction, escapeToken: string): string {
  const { text, kind } = instruction;
  const isRun = kind === 'run';
  const beginning = isRun ? heredocBeginning(instruction, escapeToken) : '';
  try {
    const options = { escapeToken, keepUnset: isRun, raw: isRun };
    return processWord(text + beginning, (name) => state.env.get(name), options);
  } catch {
    return text;
  }
}

function heredocBeginning({ command, heredocs: [first] }: Run, escapeToken: string): string {
  if (first === undefined || command.form === 'exec') return '';
  if (parseHeredocStart(command.text.trim(), escapeToken) === undefined) return '';
  const [line, ...more] = first.content.trim().split(/\r?\n/);
  return ` (${line}${more.length > 0 ? '...' : ''})`;
}

export function announce(scope: StepScope, instruction: StageInstruction, cached: boolean, title?: string): void {
  scope.emit({
    kind: 'step',
    step: scope.step,
    of: scope.graph.needed.reduce((sum, stage) => sum + stage.instructions.length + 1, 0),
    instruction: instruction.text,
    stage: scope.current.name,
    stageIndex: scope.current.index,
    line: instruction.line,
    ...(title === undefined ? {} : { title }),
    cached,
  });
}

/** Without cache a step is still shared within its build, never with another. */
async function makeLayer(
  scope: StepScope,
  {
    key,
    parent,
    work: layer,
  }: { key: string; parent: LayerRecord['parent']; work: Pick<LayerWork, 'make' | 'stillTrue'> },
): Promise<LayerRecord> {
  const { workshop } = scope;
  const anew = ignoresCache(scope);
  const onMessage = (message: StepMessage) => {
    if ('container' in message) scope.emit({ kind: 'container', step: scope.step, id: message.container });
    else scope.emit({ kind: 'output', step: scope.step, ...message });
  };
  const jobKey = anew ? `${scope.id} ${key}` : key;
  const begin = async (signal: AbortSignal, say: (message: StepMessage) => void) => {
    const known = anew ? undefined : workshop.cache.find(key);
    if (known !== undefined) return known;
    const add = (tar: Readable, upper?: string) => workshop.tools.images.addLayer(parent, tar, upper);
    const made = await layer.make({ signal, say, add });
    const record = { ...made, parent, created: new Date().toISOString() };
    scope.held.add(record.chainId);
    if ((await layer.stillTrue?.()) ?? true) await workshop.cache.keep(key, record);
    return record;
  };
  const work = (signal: AbortSignal, say: (message: StepMessage) => void) => remember(scope.jobs, begin(signal, say));
  const { result } = await workshop.shared.run(jobKey, { signal: scope.signal, onMessage }, work);
  return result;
}

function remember<T>(jobs: Set<Promise<unknown>>, job: Promise<T>): Promise<T> {
  jobs.add(job);
  return job;
}
