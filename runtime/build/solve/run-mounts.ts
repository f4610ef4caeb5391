/** `RUN --mount=…` → what the engine mounts into the step, and what of it decides the result. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { digestSelected } from '../files/digest.js';
import { resolveInTree } from '../files/resolve.js';
import { selectSources } from '../files/select.js';
import type { Tree } from '../files/tree.js';
import { parseRunMount } from '../instructions/mount.js';
import type { Run, RunMount, WrittenMount } from '../instructions/types.js';
import { DockerfileError, StepError } from '../parse/errors.js';
import type { StepMount } from '../types.js';
import { openAgent } from './agent.js';
import type { CacheMount } from './cache-mounts.js';
import { absolutePath, commandArgs, expand } from './config-steps.js';
import { missingSource } from './failures.js';
import { materialise } from './materialise.js';
import { mustRun } from './programs.js';
import type { StepScope } from './scope.js';
import { temporaryFolder } from './scratch.js';
import { sourceFiles } from './sources.js';
import type { StageState } from './state.js';

export interface PreparedMounts {
  /** Brings what they show into its place: only for a step that is really run. */
  readonly open: () => Promise<StepMount[]>;
  readonly tmpfs: readonly { readonly target: string; readonly sizeBytes?: number }[];
  readonly env: readonly string[];
  /** Mount points, for taking away what was made only to hold them. */
  readonly targets: readonly string[];
  /** For the cache key. */
  readonly material: unknown;
  /** A file to execute, mounted read-only. */
  script(script: { readonly path: string; readonly text: string } | undefined): Promise<StepMount[]>;
  close(): Promise<void>;
}

/** A mount whose source may still have to be made. */
type PlannedMount = Omit<StepMount, 'source'> & { readonly source: string | (() => Promise<string>) };

interface Draft {
  readonly mounts: PlannedMount[];
  readonly tmpfs: { target: string; sizeBytes?: number }[];
  readonly env: string[];
  readonly material: unknown[];
  readonly caches: CacheMount[];
  readonly closers: (() => void)[];
}

/** One mount's options, expanded; `target` absolute. */
type Ready = RunMount & { readonly target: string };

export async function prepareMounts(scope: StepScope, state: StageState, step: Run): Promise<PreparedMounts> {
  const draft: Draft = { mounts: [], tmpfs: [], env: [], material: [], caches: [], closers: [] };
  const close = async () => {
    for (const cache of draft.caches) cache.release();
    for (const one of draft.closers) one();
  };
  try {
    for (const mount of step.mounts) await addMount(scope, { state, step, draft }, mount);
  } catch (error) {
    await close();
    throw error;
  }
  const targets = [...draft.mounts, ...draft.tmpfs].map(({ target }) => target);
  const open = () => openMounts(draft.mounts);
  return { ...draft, open, targets, script: (script) => scriptMount(scope, script), close };
}

async function openMounts(planned: readonly PlannedMount[]): Promise<StepMount[]> {
  const opened: StepMount[] = [];
  for (const { source, ...mount } of planned) {
    opened.push({ ...mount, source: typeof source === 'string' ? source : await source() });
  }
  return opened;
}

interface Around {
  readonly state: StageState;
  readonly step: Run;
  readonly draft: Draft;
}

async function addMount(scope: StepScope, around: Around, mount: WrittenMount): Promise<void> {
  const ready = expandMount(scope, around, mount);
  if (ready.type === 'tmpfs') {
    const size = ready.sizeBytes === undefined ? {} : { sizeBytes: ready.sizeBytes };
    around.draft.tmpfs.push({ target: ready.target, ...size });
    around.draft.material.push(['tmpfs', ready.target, size]);
  } else if (ready.type === 'bind') await addBind(scope, around, ready);
  else if (ready.type === 'cache') await addCache(scope, around, ready);
  else if (ready.type === 'secret') await addSecret(scope, around, ready);
  else await addSsh(scope, around, ready, mount);
}

function expandMount(scope: StepScope, { state, step }: Around, { text }: WrittenMount): Ready {
  try {
    const mount = parseRunMount(text, (value) => expand(value, state, step, scope));
    return { ...mount, target: mountPoint(state, mount) };
  } catch (cause) {
    if (cause instanceof DockerfileError) throw cause;
    throw new DockerfileError((cause as Error).message, step, { cause });
  }
}

/** Secrets and agents have places of their own where nothing is said; all else is below the working directory. */
function mountPoint(state: StageState, { type, target = '' }: RunMount): string {
  if (target === '' && (type === 'secret' || type === 'ssh')) return '';
  const path = absolutePath(state, target).replace(/(?<=.)\/$/, '');
  if (path === '/') throw new Error('invalid mount target "/"');
  return path;
}

async function addBind(scope: StepScope, { step, draft }: Around, mount: Ready): Promise<void> {
  const files = await sourceFiles(scope, mount.from);
  const tree = await files.tree();
  const source = mount.source ?? '/';
  const { path, entry } = await resolveInTree(tree, source);
  if (entry === undefined) throw missingSource(`"/${path}": not found`, step);
  const readOnly = mount.readOnly ?? true;
  const digest = files.chain ?? (await digestTree(scope, tree, path));
  draft.material.push(['bind', digest, path, mount.target, readOnly]);
  const copied = !readOnly || (files.hidden && entry.type === 'directory');
  const here = copied ? undefined : tree.hostPath?.(path);
  draft.mounts.push({ source: here ?? (() => copyOf(scope, tree, path)), target: mount.target, readOnly });
}

async function digestTree(scope: StepScope, tree: Tree, path: string): Promise<string> {
  const selected = await selectSources(tree, [escapePattern(path)], { parents: false, excludes: [] });
  return digestSelected(selected, scope.workshop.known);
}

/** Changes in it, if it may be written, go away with the build. */
async function copyOf(scope: StepScope, tree: Tree, path: string): Promise<string> {
  const [selected] = await selectSources(tree, [escapePattern(path)], { parents: false, excludes: [] });
  const folder = join(await temporaryFolder(scope), 'bind');
  await materialise(selected!, folder);
  return folder;
}

function escapePattern(path: string): string {
  return `/${path}`.replace(/[\\*?[]/g, '\\$&');
}

async function addCache(scope: StepScope, { state, step, draft }: Around, mount: Ready): Promise<void> {
  const id = posix.normalize(mount.id ?? mount.target);
  const base = await cacheBase(scope, step, mount);
  const request = {
    id: [id, ...base.identity].join('\0'),
    sharing: mount.sharing ?? 'shared',
    mode: mount.mode ?? 0o755,
    uid: mount.uid ?? 0,
    gid: mount.gid ?? 0,
    initial: base.folder,
    description: describeCache(commandArgs(state, step.command), mount),
  };
  const cache = await scope.workshop.cacheMounts.take(request, scope.signal);
  draft.caches.push(cache);
  draft.material.push(['cache', id, mount.target]);
  draft.mounts.push({ source: cache.folder, target: mount.target, readOnly: mount.readOnly ?? false });
}

/** As BuildKit describes it. */
function describeCache(args: readonly string[], { id, target }: Ready): string {
  const called = id === undefined ? '' : ` with id ${JSON.stringify(id)}`;
  return `cached mount ${target} from exec ${args.join(' ')}${called}`;
}

/** What a cache starts as: caches of one id that start differently are different caches, as in BuildKit. */
async function cacheBase(
  scope: StepScope,
  step: Run,
  mount: Ready,
): Promise<{ identity: string[]; folder: string | undefined }> {
  const { mode, uid, gid } = mount;
  const own = mode ?? uid ?? gid;
  const made = own === undefined ? [] : [`${(mode ?? 0o755).toString(8)} ${uid ?? 0}:${gid ?? 0}`];
  if (mount.from === undefined) return { identity: made, folder: undefined };
  const files = await sourceFiles(scope, mount.from);
  const tree = await files.tree();
  const { path, entry } = await resolveInTree(tree, mount.source ?? '/');
  if (entry?.type === 'directory') {
    const folder = tree.hostPath?.(path) ?? (await copyOf(scope, tree, path));
    return { identity: [files.chain ?? 'folder', path], folder };
  }
  throw missingSource(`"/${path}": not found`, step);
}

async function addSecret(scope: StepScope, { step, draft }: Around, mount: Ready): Promise<void> {
  const id = mount.id ?? mount.source ?? posix.basename(mount.target);
  draft.material.push(['secret', id, mount.target, mount.env ?? '']);
  const value = scope.options.secrets?.[id] ?? (await scope.options.ask?.secret(id));
  if (value === undefined) {
    if (mount.required) throw new StepError(`secret ${id}: not found`, step);
    return;
  }
  if (mount.env !== undefined) draft.env.push(`${mount.env}=${Buffer.from(value).toString()}`);
  if (mount.env !== undefined && mount.target === '') return;
  const file = join(await temporaryFolder(scope), 'secret');
  await writeFile(file, value, { mode: 0o600 });
  const owner = `${mount.uid ?? 0}:${mount.gid ?? 0}`;
  const mode = (mount.mode ?? 0o400).toString(8);
  await mustRun(
    scope.workshop.run,
    ['sh', '-c', 'chown "$1" "$3" && chmod "$2" "$3"', 'sh', owner, mode, file],
    'a secret',
  );
  draft.mounts.push({ source: file, target: mount.target || `/run/secrets/${id}`, readOnly: true });
}

async function addSsh(scope: StepScope, { step, draft }: Around, mount: Ready, written: WrittenMount): Promise<void> {
  const id = mount.id ?? 'default';
  draft.material.push(['ssh', id, mount.target]);
  const count = step.mounts.filter(({ type }) => type === 'ssh').indexOf(written);
  const target = mount.target || `/run/buildkit/ssh_agent.${count}`;
  // The variable is there without an agent too, as in BuildKit.
  if (count === 0) draft.env.push(`SSH_AUTH_SOCK=${target}`);
  const agent = scope.options.ssh?.[id] ?? (await scope.options.ask?.ssh(id));
  if (agent === undefined) {
    if (mount.required) throw new StepError(`unset ssh forward key ${id}`, step);
    return;
  }
  const { path, close } = await openAgent(await temporaryFolder(scope), agent, mount);
  draft.closers.push(close);
  draft.mounts.push({ source: path, target, readOnly: false });
}

async function scriptMount(
  scope: StepScope,
  script: { readonly path: string; readonly text: string } | undefined,
): Promise<StepMount[]> {
  if (script === undefined) return [];
  const folder = join(await temporaryFolder(scope), 'script');
  await mkdir(folder);
  const file = join(folder, posix.basename(script.path));
  await writeFile(file, script.text, { mode: 0o755 });
  return [{ source: file, target: script.path, readOnly: true }];
}
