/** `develop.watch` of every service as rules. Pure. */
import path from 'node:path';
import { type IgnorePatterns, parseIgnorePatterns } from '../model/ignore-patterns.js';
import type { ExecWish } from '../model/plan.js';
import type { Project, Service } from '../model/project.js';
import type { WatchAction, WatchRule } from './types.js';

interface WrittenRule {
  readonly path: string;
  readonly action: WatchAction;
  readonly target?: string;
  readonly ignore?: readonly string[];
  readonly include?: readonly string[];
  readonly initial_sync?: boolean;
  readonly exec?: ExecWish;
}

/** Never watched, as in no image either: version control, packages, and what editors leave while they save. */
const alwaysIgnored = [
  '**/.git',
  '**/.hg',
  '**/.svn',
  '**/node_modules',
  '**/.#*',
  '**/#*#',
  '**/*~',
  '**/*.swp',
  '**/*.swx',
  '**/4913',
  '**/*___jb_*___',
  '**/.DS_Store',
  '**/.devenv',
] as const;

/** Patterns that a rule has whatever it says; those of `.dockerignore` are handed over per build context. */
export function ruleIgnore(own: readonly string[], path_: string, context?: ContextIgnore): IgnorePatterns {
  const common = parseIgnorePatterns([...alwaysIgnored, ...own].join('\n'));
  const below = context ? path.relative(context.root, path_) : '..';
  if (!context || below === '..' || below.startsWith(`..${path.sep}`)) return common;
  const toContext = (name: string) => path.posix.join(below.split(path.sep).join('/'), name);
  return {
    ignores: (name) => common.ignores(name) || context.patterns.ignores(toContext(name)),
    mayPrune: (folder) => common.mayPrune(folder) && context.patterns.mayPrune(toContext(folder)),
  };
}

/** A build context's `.dockerignore`. */
export interface ContextIgnore {
  readonly root: string;
  readonly patterns: IgnorePatterns;
}

export function writtenRules(service: Service): readonly WrittenRule[] {
  const develop = service.develop as { readonly watch?: readonly WrittenRule[] } | null | undefined;
  return develop?.watch ?? [];
}

/** Rules of the services named; `ignoreOf` gives the `.dockerignore` of a service's build context. */
export function rulesOf(
  project: Project,
  services: ReadonlySet<string>,
  ignoreOf: (service: string) => ContextIgnore | undefined,
): WatchRule[] {
  return Object.values(project.services)
    .filter((service) => services.has(service.name))
    .flatMap((service) =>
      writtenRules(service).map((written) => toRule(service.name, written, project, ignoreOf(service.name))),
    );
}

function toRule(service: string, written: WrittenRule, project: Project, context?: ContextIgnore): WatchRule {
  const absolute = path.resolve(project.workingDir, written.path);
  return {
    service,
    action: written.action,
    path: absolute,
    target: written.target,
    ignore: ruleIgnore(written.ignore ?? [], absolute, context),
    include: written.include?.length ? parseIgnorePatterns(written.include.join('\n')) : undefined,
    initialSync: written.initial_sync ?? false,
    exec: written.exec,
    derived: false,
  };
}
