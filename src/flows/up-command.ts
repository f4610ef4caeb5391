/** The words of `up` and `create` as options of the planner, and the choice between leaving and staying. */
import { UserError } from '../errors.js';
import type { Project } from '../model/project.js';
import { defaultUpOptions, type UpOptions } from '../plan/options.js';
import { unknownService } from '../plan/order.js';
import { isOn } from './compose-variables.js';
import { Cancelled, Interrupts } from './interrupt.js';
import type { Session } from './session.js';
import { bringUp, finishUp, hushedSteps, type UpResult } from './up.js';
import { refuseContradictions } from './up-contradictions.js';
import type { Watch } from './watch/start.js';

/** Flags of `up` by their names; durations in milliseconds. */
export interface UpWish {
  readonly services: readonly string[];
  readonly detach?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly 'wait-timeout'?: number | undefined;
  readonly build?: boolean | undefined;
  readonly 'no-build'?: boolean | undefined;
  readonly pull?: string | undefined;
  readonly 'quiet-pull'?: boolean | undefined;
  readonly 'quiet-build'?: boolean | undefined;
  readonly 'force-recreate'?: boolean | undefined;
  readonly 'no-recreate'?: boolean | undefined;
  readonly 'always-recreate-deps'?: boolean | undefined;
  readonly 'renew-anon-volumes'?: boolean | undefined;
  readonly 'remove-orphans'?: boolean | undefined;
  readonly scale?: readonly string[] | undefined;
  readonly 'no-deps'?: boolean | undefined;
  readonly 'no-start'?: boolean | undefined;
  readonly 'abort-on-container-exit'?: boolean | undefined;
  readonly 'abort-on-container-failure'?: boolean | undefined;
  readonly 'exit-code-from'?: string | undefined;
  readonly timeout?: number | undefined;
  readonly attach?: readonly string[] | undefined;
  readonly 'no-attach'?: readonly string[] | undefined;
  readonly 'attach-dependencies'?: boolean | undefined;
  /** Undefined: where there is a terminal, unless COMPOSE_MENU says no. */
  readonly menu?: boolean | undefined;
  readonly 'no-log-prefix'?: boolean | undefined;
  readonly timestamps?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
  /** Undefined: as the environment has it. */
  readonly watch?: boolean | undefined;
  readonly locked?: boolean | undefined;
  readonly 'from-snapshot'?: string | undefined;
  /** `create`, which a project without services is no mistake for. */
  readonly mayBeEmpty?: boolean;
}

/** Gives the exit code. */
export async function up(session: Session, wish: UpWish): Promise<number> {
  refuseContradictions(wish);
  const sinceNs = BigInt(Date.now()) * 1_000_000n;
  const stays = !(wish.detach || wish.wait || wish['dry-run'] || wish['no-start']);
  // until there is something to stop, Ctrl-C simply ends
  const interrupts = stays ? new Interrupts(() => process.exit(130)) : undefined;
  let result: UpResult | undefined;
  try {
    const layers = await seed(session, wish);
    result = await bringUp(session, {
      ...(layers ? { layers } : {}),
      ...(interrupts ? { interrupts } : {}),
      plan: toUpOptions(wish, session.world.env),
      dryRun: wish['dry-run'] ?? false,
      hushed: hushedSteps({ quietPull: wish['quiet-pull'] ?? false, quietBuild: wish['quiet-build'] ?? false }),
      waitTimeoutMs: wish['wait-timeout'],
      yes: wish.yes ?? false,
      locked: wish.locked,
      needsService: !wish.mayBeEmpty,
    });
  } catch (error) {
    if (stays && error instanceof Cancelled) await stopStarted(session, wish);
    throw error;
  }
  if (!result) return 0;
  const ended = wish['no-start'] ? 0 : await finishUp(session, result);
  if (interrupts) return foreground(session, wish, result, { sinceNs, interrupts });
  if (wish.watch) await watchInBackground(session, wish, result);
  return wish.wait && ended > 0 ? 1 : 0;
}

/** Ctrl-C before all were up: what was started goes the way of what would run. */
async function stopStarted(session: Session, wish: UpWish): Promise<void> {
  const { stopServices } = await import('./lifecycle.js');
  await stopServices(session, { services: wish.services, dryRun: false, graceMs: wish.timeout });
}

/** Until those that were asked for have ended. Ctrl-C stops these; detaching leaves all. */
async function foreground(
  session: Session,
  wish: UpWish,
  result: UpResult,
  { sinceNs, interrupts }: { readonly sinceNs: bigint; readonly interrupts: Interrupts },
): Promise<number> {
  const { loaded, selected } = result;
  const exitCodeFrom = wish['exit-code-from'];
  if (exitCodeFrom !== undefined && !selected.has(exitCodeFrom)) throw unknownService(loaded.project, exitCodeFrom);
  const awaited = awaitedServices(wish, selected);
  const shown = shownServices(wish, loaded.project, { selected, awaited });
  const aborts = wish['abort-on-container-exit'] || exitCodeFrom !== undefined;
  const scope = { project: loaded.project, selected, awaited, sinceNs };
  const [{ stayInForeground }, first] = await Promise.all([
    import('./foreground.js'),
    beginWatch(session, wish, result),
  ]);
  const watched = switchable(first, () => beginWatch(session, { ...wish, watch: true }, result));
  const leave = new AbortController();
  const closeMenu = await offerMenu(session, wish, { interrupts, leave, toggleWatch: watched.toggle });
  try {
    return await stayInForeground(session, scope, {
      interrupts,
      leave: leave.signal,
      stays: () => watched.stays(wish.watch === true),
      abortOn: aborts ? 'exit' : wish['abort-on-container-failure'] ? 'failure' : undefined,
      exitCodeFrom,
      graceMs: wish.timeout,
      prefix: !wish['no-log-prefix'],
      timestamps: wish.timestamps ?? false,
      silent: new Set([...selected].filter((name) => !shown.has(name))),
    });
  } finally {
    closeMenu?.();
    await watched.close();
  }
}

/** Those that are named, or all; and the one whose exit code is ours. */
function awaitedServices(wish: UpWish, selected: ReadonlySet<string>): ReadonlySet<string> {
  if (wish.services.length === 0) return selected;
  return new Set([...wish.services, ...(wish['exit-code-from'] ? [wish['exit-code-from']] : [])]);
}

/** Whose output is shown, by Compose's rule: what is only depended on stays silent. */
function shownServices(
  wish: UpWish,
  project: Project,
  { selected, awaited }: { readonly selected: ReadonlySet<string>; readonly awaited: ReadonlySet<string> },
): ReadonlySet<string> {
  const unknown = wish.attach?.filter((name) => !selected.has(name)) ?? [];
  if (unknown.length)
    throw new UserError('unknown-service', `cannot attach to services not included in up: ${unknown.join(', ')}`);
  const attachable = wish['attach-dependencies'] ? selected : awaited;
  const shown = wish.attach ?? [...attachable].filter((name) => project.services[name]?.attach !== false);
  return new Set(shown.filter((name) => !wish['no-attach']?.includes(name)));
}

interface SwitchableWatch {
  /** Whether the end of all containers is not the end. */
  stays(asked: boolean): boolean;
  toggle(): Promise<boolean>;
  close(): Promise<void>;
}

/** One switch after the other: a key may be pressed again, and all may end, while watching is just beginning. */
function switchable(first: Watch | undefined, begin: () => Promise<Watch | undefined>): SwitchableWatch {
  let watch = first;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  const close = async () => {
    const open = watch;
    watch = undefined;
    await open?.close();
  };
  const toggle = async () => {
    if (watch) await close();
    else watch = await begin();
    return watch !== undefined;
  };
  return {
    stays: (asked) => watch !== undefined && (asked || watch.watching.stays),
    toggle: () => inTurn(toggle),
    close: () => inTurn(close),
  };
}

async function offerMenu(
  session: Session,
  wish: UpWish,
  on: {
    readonly interrupts: Interrupts;
    readonly leave: AbortController;
    readonly toggleWatch: SwitchableWatch['toggle'];
  },
): Promise<(() => void) | undefined> {
  if (!session.world.stdin.isTTY) return undefined;
  const { openMenu, wantsMenu } = await import('./up-menu.js');
  if (!wantsMenu(session, wish.menu)) return undefined;
  return openMenu(session, {
    interrupt: () => on.interrupts.raise(),
    detach: () => on.leave.abort(),
    toggleWatch: on.toggleWatch,
  });
}

async function seed(session: Session, wish: UpWish): Promise<ReadonlyMap<string, string> | undefined> {
  const name = wish['from-snapshot'];
  if (!name || wish['dry-run']) return undefined;
  const { seedFrom } = await import('./snapshots/snapshots.js');
  return seedFrom(session, name);
}

async function watchInBackground(session: Session, { services }: UpWish, { loaded }: UpResult): Promise<void> {
  const { startBackgroundWatch } = await import('./watch/background.js');
  const { pid, logFile } = await startBackgroundWatch(session, loaded.project.name, services);
  await session.terminal.status(`Files are watched by process ${pid}, which tells in ${logFile}; down ends it.\n`);
}

/** By itself where one develops: in the environment `dev`, and where a project has no environments. */
async function beginWatch(session: Session, wish: UpWish, { loaded }: UpResult): Promise<Watch | undefined> {
  const { environmentName } = loaded.project;
  if (!(wish.watch ?? (environmentName === undefined || environmentName === 'dev'))) return undefined;
  const { startWatch } = await import('./watch/start.js');
  const options = { services: wish.services, graceMs: wish.timeout, dryRun: false };
  const watch = await startWatch(session, loaded, options);
  if (!watch && wish.watch) throw (await import('./watch/watching.js')).nothingToWatch();
  return watch;
}

export function toUpOptions(wish: UpWish, env: Readonly<Record<string, string | undefined>>): UpOptions {
  const recreate = wish['force-recreate'] ? 'force' : wish['no-recreate'] ? 'never' : 'diverged';
  return {
    ...defaultUpOptions,
    services: wish.services,
    dependencies: !wish['no-deps'],
    recreate,
    recreateDependencies: wish['always-recreate-deps'] ? 'force' : recreate === 'force' ? 'diverged' : recreate,
    start: !wish['no-start'],
    build: wish.build ? 'always' : wish['no-build'] ? 'never' : 'missing',
    pull: pullPolicy(wish.pull),
    removeOrphans: wish['remove-orphans'] ?? isOn(env.COMPOSE_REMOVE_ORPHANS),
    ignoreOrphans: isOn(env.COMPOSE_IGNORE_ORPHANS),
    scale: Object.fromEntries((wish.scale ?? []).map(parseScale)),
    wait: wish.wait ?? false,
    graceMs: wish.timeout,
    renewVolumes: wish['renew-anon-volumes'] ?? false,
  };
}

/** What `--pull` says; `policy` leaves it to each service. */
export const pullPolicy = (word: string | undefined): UpOptions['pull'] =>
  word === 'always' || word === 'missing' || word === 'never' ? word : undefined;

/** `web=3` */
export function parseScale(text: string): [string, number] {
  const match = /^([^=]+)=(\d+)$/.exec(text);
  if (match) return [match[1]!, Number(match[2])];
  throw new UserError('bad-scale', `invalid --scale option "${text}": it should be SERVICE=NUM`);
}
