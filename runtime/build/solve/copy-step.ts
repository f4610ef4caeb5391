/**
 * COPY and ADD. The layer's tar is composed straight from the files' own place and handed to the image store, which
 * stores and unpacks it in one pass; nothing is written into an upper first and read back. Symlinks of the image in the
 * destination are resolved beforehand against a view of its layers. Only archives take the long way (archives.ts).
 */

import { processWord } from '../expand/expand.js';
import { digestSelected } from '../files/digest.js';
import { layerTar } from '../files/layer-tar.js';
import { type ModeChange, parseModeChange } from '../files/modes.js';
import { lookUpOwner, type Owner } from '../files/owner.js';
import { LayerDraft } from '../files/place.js';
import { type Selected, SourceMissing, selectSources } from '../files/select.js';
import type { Entry } from '../files/tree.js';
import type { Copy } from '../instructions/types.js';
import type { Heredoc } from '../parse/ast.js';
import { DockerfileError } from '../parse/errors.js';
import { heredocText } from '../parse/heredoc.js';
import { type Added, fetchAdded } from './add-sources.js';
import { type Archive, layerWithArchives, splitArchives } from './archives.js';
import { withCapabilities } from './capabilities.js';
import { absolutePath, expand } from './config-steps.js';
import { layerOptions } from './epoch.js';
import { MissingSource } from './failures.js';
import { type LayerTools, layerStep, type NewLayer } from './layer-step.js';
import type { StepScope } from './scope.js';
import { sourceFiles } from './sources.js';
import { chainOf, type StageState } from './state.js';
import { viewTree } from './views.js';

/** The instruction with its variables filled in. */
interface Wanted {
  readonly step: Copy;
  readonly sources: readonly string[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly mode: ModeChange | undefined;
  readonly excludes: readonly string[];
  readonly checksum: string | undefined;
}

/** All that goes in, and what tells it from anything else. */
interface Found {
  readonly selected: readonly Selected[];
  readonly archives: readonly Archive[];
  readonly digest: string;
}

export async function copyStep(scope: StepScope, state: StageState, step: Copy): Promise<StageState> {
  const wanted = expandCopy(scope, state, step);
  const found = await findFiles(scope, state, wanted);
  const destination = absolutePath(state, wanted.destination);
  const createdBy = `${history(wanted)} # buildkit`;
  const owner = wanted.chown === undefined ? '' : wanted.chown;
  return layerStep(scope, state, {
    instruction: step,
    createdBy,
    material: ['copy', found.digest, destination, owner, wanted.chmod ?? '', found.archives.length],
    make: (tools) => makeLayer(scope, state, { wanted, found, destination }, tools),
    ...(readsLivingFiles(scope, step) ? { stillTrue: () => stillTrue(scope, state, wanted, found) } : {}),
  });
}

/** A folder of this machine that somebody may be working in; what a client sent stays as it is. */
function readsLivingFiles({ options }: StepScope, step: Copy): boolean {
  return step.from === undefined && options.contextTree === undefined && options.contextFiltered !== true;
}

async function stillTrue(scope: StepScope, state: StageState, wanted: Wanted, found: Found): Promise<boolean> {
  if (wanted.step.kind === 'add' || wanted.step.files.length > 0) return true;
  const now = await findFiles(scope, state, wanted).catch(() => undefined);
  return now?.digest === found.digest;
}

function expandCopy(scope: StepScope, state: StageState, step: Copy): Wanted {
  const text = (value: string) => expand(value, state, step, scope);
  const given = (value: string | undefined) => (value === undefined ? undefined : text(value) || undefined);
  const chmod = given(step.chmod);
  return {
    step,
    sources: step.sources.map(text),
    destination: text(step.destination),
    chown: given(step.chown),
    chmod,
    mode: chmod === undefined ? undefined : located(step, () => parseModeChange(chmod)),
    excludes: step.excludes.map(text),
    checksum: given(step.checksum),
  };
}

function history({ step, sources, destination, chown, chmod }: Wanted): string {
  return [
    step.kind.toUpperCase(),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...sources,
    ...step.files.map(({ name }) => `<<${name}`),
    destination,
  ].join(' ');
}

async function findFiles(scope: StepScope, state: StageState, wanted: Wanted): Promise<Found> {
  const { step } = wanted;
  const added =
    step.kind === 'add' ? await fetchAdded(scope, wanted) : { selected: [], archives: [], rest: wanted.sources };
  const inline = step.files.map((heredoc) => inlineFile(heredoc, state, step));
  const local = await selectLocal(scope, wanted, added);
  const { plain, archives } =
    step.kind === 'add' ? await splitArchives(local.selected, step.unpack) : { plain: local.selected, archives: [] };
  const others = [...added.selected, ...inline];
  const archived = archives.map(({ selected }) => selected);
  const digest = others.length + archived.length === 0 && local.digest !== undefined ? local.digest : undefined;
  const selected = [...others, ...plain];
  return {
    selected,
    archives: [...added.archives, ...archives],
    digest:
      digest ??
      (await digestSelected(
        [...selected, ...archived, ...added.archives.map((one) => one.selected)],
        scope.workshop.known,
      )),
  };
}

/** Files of the context, a stage or an image. What layers hold never changes: their digest is kept. */
async function selectLocal(
  scope: StepScope,
  { step, excludes }: Wanted,
  { rest }: Added,
): Promise<{ selected: readonly Selected[]; digest: string | undefined }> {
  if (rest.length === 0) return { selected: [], digest: undefined };
  const files = await sourceFiles(scope, step.from);
  const tree = await files.tree();
  try {
    const plain = await selectSources(tree, rest, { parents: step.parents, excludes });
    if (files.chain === undefined) return { selected: plain, digest: undefined };
    const selected = await withCapabilities(scope.workshop.tools.launcher, plain);
    const key = [files.chain, rest, step.parents, excludes, 'capabilities'];
    return { selected, digest: await scope.workshop.cache.digest(key, () => digestSelected(selected)) };
  } catch (error) {
    if (!(error instanceof SourceMissing)) throw located(step, () => raise(error));
    const ignoredBy = step.from === undefined ? await scope.context.hiddenBy(error.path) : undefined;
    const hint = ignoredBy === undefined ? '' : ` (left out of the context by ${ignoredBy})`;
    throw new MissingSource(`${error.message}${hint}`, step, {
      instruction: step.kind,
      path: error.path,
      inContext: step.from === undefined,
    });
  }
}

function raise(error: unknown): never {
  throw error;
}

function inlineFile(heredoc: Heredoc, state: StageState, step: Copy): Selected {
  const text = heredocText(heredoc);
  // whatever the Dockerfile's escape is
  const options = { escapeToken: '\\', plainQuotes: true };
  const filled = heredoc.expand ? located(step, () => processWord(text, (name) => state.env.get(name), options)) : text;
  const bytes = Buffer.from(filled);
  return {
    name: heredoc.name,
    entries: [{ relative: '', entry: fileEntry(bytes.length, 0o644, Date.now()), content: { bytes } }],
  };
}

function fileEntry(sizeBytes: number, mode: number, mtimeMs: number): Entry {
  return {
    type: 'file',
    mode,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtimeMs,
    target: undefined,
    major: 0,
    minor: 0,
    linkKey: undefined,
  };
}

/** Gives plain sentences the place of the instruction. */
function located<T>(step: Copy, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof Error)) throw error;
    throw new DockerfileError(error.message, step, { cause: error });
  }
}

async function makeLayer(
  scope: StepScope,
  state: StageState,
  { wanted, found, destination }: { wanted: Wanted; found: Found; destination: string },
  tools: LayerTools,
): Promise<NewLayer> {
  const view = await viewTree(scope.lease, chainOf(state));
  const draft = new LayerDraft(view);
  const owner = await ownerOf(scope, wanted, view);
  const nowMs = Date.now();
  try {
    await draft.place(found.selected, { destination, owner, mode: wanted.mode, nowMs });
    // `--chmod` is not for what an archive goes into
    if (found.archives.length > 0) await draft.makeFolders(destination, { owner, mode: undefined, nowMs });
  } catch (error) {
    return located(wanted.step, () => raise(error));
  }
  if (found.archives.length === 0) return tools.add(layerTar(draft.placed, layerOptions(scope)));
  return layerWithArchives(scope, chainOf(state), { draft, archives: found.archives, destination, owner }, tools);
}

async function ownerOf(
  scope: StepScope,
  { chown, step }: Wanted,
  view: Awaited<ReturnType<typeof viewTree>>,
): Promise<Owner | undefined> {
  if (chown === undefined || chown === '') return undefined;
  const { owner, unknown } = await lookUpOwner(view, chown);
  if (unknown !== undefined) {
    scope.emit({
      kind: 'warning',
      line: step.line,
      text: `--chown=${chown}: the image has no "${unknown}"; root owns the files`,
    });
  }
  return owner;
}
