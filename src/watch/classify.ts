/** Changes → what they ask for. Pure. */
import path from 'node:path';
import type { ExecWish } from '../model/plan.js';
import type { Classified, FileChange, ServiceWork, WatchRule } from './types.js';

/** A file below a rule's path, as the rule sees it; undefined when the rule does not care. */
export function pathInRule(rule: WatchRule, file: string): string | undefined {
  const below = relativePath(rule.path, file);
  if (below === undefined) return undefined;
  if (below === '') return below;
  if (rule.ignore.ignores(below)) return undefined;
  return rule.include && !rule.include.ignores(below) ? undefined : below;
}

/** '' for the path itself, undefined for what is not below it; with `/` between its parts. */
export function relativePath(root: string, file: string): string | undefined {
  if (file === root) return '';
  const start = root.endsWith(path.sep) ? root : root + path.sep;
  return file.startsWith(start) ? file.slice(start.length).split(path.sep).join('/') : undefined;
}

/** Where a file goes in the container. */
export function targetOf(rule: WatchRule, below: string): string {
  const target = rule.target ?? '/';
  return below === '' ? target : path.posix.join(target, below);
}

/** Whether nobody cares for a path, nor for anything below it. */
export function ignoredByAll(rules: readonly WatchRule[], files: ReadonlySet<string>): (file: string) => boolean {
  return (file) => {
    if (files.has(file)) return false;
    for (const wanted of files) if (relativePath(file, wanted) !== undefined) return false;
    return !rules.some((rule) => {
      if (relativePath(file, rule.path) !== undefined) return true; // on the way to it
      const below = relativePath(rule.path, file);
      if (below === undefined) return false;
      return !rule.ignore.ignores(below) || !rule.ignore.mayPrune(below);
    });
  };
}

interface Draft {
  readonly copies: Map<string, string>;
  readonly removals: Set<string>;
  readonly execs: Set<ExecWish>;
  readonly because: Set<string>;
  restart: boolean;
  rebuild: boolean;
}

export interface Circumstances {
  /** What the project was read from. */
  readonly configFiles: ReadonlySet<string>;
  /** Whether containers of a service may have a file: what an editor makes and renames on saving never was there. */
  readonly mayHave: (service: string, file: string) => boolean;
}

/** A rebuild takes the place of everything else that a service was to get. */
export function classify(
  rules: readonly WatchRule[],
  changes: readonly FileChange[],
  { configFiles, mayHave }: Circumstances,
): Classified {
  const drafts = new Map<string, Draft>();
  const reload: string[] = [];
  for (const change of changes) {
    if (configFiles.has(change.path)) reload.push(change.path);
    for (const rule of rules) {
      const below = rule.action === 'pull' ? undefined : pathInRule(rule, change.path);
      if (below === undefined || isNothing(rule, change, mayHave)) continue;
      note(draftOf(drafts, rule.service), rule, change, below);
    }
  }
  return { reload, services: [...drafts].map(([service, draft]) => finish(service, draft)) };
}

function isNothing(rule: WatchRule, { kind, path }: FileChange, mayHave: Circumstances['mayHave']): boolean {
  return kind === 'removed' && rule.action.startsWith('sync') && !mayHave(rule.service, path);
}

function draftOf(drafts: Map<string, Draft>, service: string): Draft {
  let draft = drafts.get(service);
  if (!draft) {
    draft = {
      copies: new Map(),
      removals: new Set(),
      execs: new Set(),
      because: new Set(),
      restart: false,
      rebuild: false,
    };
    drafts.set(service, draft);
  }
  return draft;
}

function note(draft: Draft, rule: WatchRule, change: FileChange, below: string): void {
  draft.because.add(change.path);
  if (rule.action === 'rebuild') draft.rebuild = true;
  if (rule.action === 'restart' || rule.action === 'sync+restart') draft.restart = true;
  if (rule.action === 'sync+exec' && rule.exec) draft.execs.add(rule.exec);
  if (!rule.action.startsWith('sync')) return;
  const target = targetOf(rule, below);
  if (change.kind === 'removed') {
    draft.copies.delete(change.path);
    draft.removals.add(target);
  } else {
    draft.removals.delete(target);
    draft.copies.set(change.path, target);
  }
}

function finish(service: string, draft: Draft): ServiceWork {
  const because = [...draft.because];
  if (draft.rebuild)
    return {
      service,
      because,
      rebuild: true,
      restart: false,
      copies: new Map(),
      removals: new Set(),
      execs: [],
    };
  const { copies, restart } = draft;
  const removals = withoutInner(draft.removals);
  return { service, because, rebuild: false, restart, copies, removals, execs: [...draft.execs] };
}

/** What goes with its folder is not named by itself: a checkout takes thousands of files along. */
function withoutInner(paths: ReadonlySet<string>): Set<string> {
  const isInner = (at: string) => {
    for (let above = path.posix.dirname(at); above.length > 1; above = path.posix.dirname(above))
      if (paths.has(above)) return true;
    return false;
  };
  return new Set([...paths].filter((one) => !isInner(one)));
}
