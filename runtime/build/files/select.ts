/** Which files a COPY or ADD names, with BuildKit's rules for wildcards, symlinks, `--parents` and `--exclude`. */
import { posix } from 'node:path';
import { globToRegExp, hasWildcards } from '../match/glob.js';
import { PatternSet } from '../match/patterns.js';
import { resolveInTree } from './resolve.js';
import type { Content, Entry, Tree } from './tree.js';

export type { Content };

export interface SelectedEntry {
  /** Below the source; '' is the source itself. */
  readonly relative: string;
  readonly entry: Entry;
  readonly content: Content | undefined;
}

/** One thing that a source named. */
export interface Selected {
  /** Its name when it lands in a folder. */
  readonly name: string;
  /** Parents before children; the first is the source itself, a folder or not. */
  readonly entries: readonly SelectedEntry[];
}

export interface SelectOptions {
  readonly parents: boolean;
  readonly excludes: readonly string[];
}

/** A source that names nothing, without being a pattern. */
export class SourceMissing extends Error {
  constructor(readonly path: string) {
    super(`"/${path}": not found`);
    this.name = 'SourceMissing';
  }
}

/** Throws SourceMissing. A pattern that matches nothing selects nothing. */
export async function selectSources(
  tree: Tree,
  sources: readonly string[],
  options: SelectOptions,
): Promise<Selected[]> {
  const excludes = new PatternSet(options.excludes);
  const selected: Selected[] = [];
  for (const source of sources) {
    if (options.parents) selected.push(...(await selectWithParents(tree, source, excludes)));
    else selected.push(...(await selectPlain(tree, source, excludes)));
  }
  return selected;
}

async function selectPlain(tree: Tree, source: string, excludes: PatternSet): Promise<Selected[]> {
  const path = normal(source);
  const pattern = hasWildcards(path);
  const matches = pattern ? await expandWildcards(tree, path) : [withoutEscapes(path)];
  const selected: Selected[] = [];
  for (const match of matches) {
    const { path: resolved, entry } = await resolveInTree(tree, match);
    if (entry === undefined) {
      if (pattern) continue;
      throw new SourceMissing(match);
    }
    const entries: SelectedEntry[] = [];
    await walk(tree, { path: resolved, relative: '', entry }, excludes, entries);
    selected.push({ name: posix.basename(match), entries });
  }
  return selected;
}

/** `a/./b/c`: what is after the pivot stays as folders below the destination. */
async function selectWithParents(tree: Tree, source: string, excludes: PatternSet): Promise<Selected[]> {
  const at = source.replace(/^\.\//, '').indexOf('/./');
  const bare = source.replace(/^\.\//, '');
  const base = (await resolveInTree(tree, at < 0 ? '' : normal(bare.slice(0, at)))).path;
  const pattern = normal(at < 0 ? bare : bare.slice(at + 3));
  const all: SelectedEntry[] = [];
  const root = await tree.entry(base);
  if (root === undefined) throw new SourceMissing(base);
  await walk(tree, { path: base, relative: '', entry: root }, excludes, all);
  const wanted = new PatternSet([pattern]);
  const found = all.filter(({ relative }) => relative !== '' && (pattern === '' || wanted.matches(relative)));
  if (found.length === 0) {
    if (hasWildcards(pattern)) return [];
    throw new SourceMissing(posix.join(base, pattern));
  }
  const needed = new Set(['', ...found.flatMap(({ relative }) => [relative, ...parentsOf(relative)])]);
  return [{ name: '', entries: all.filter(({ relative }) => needed.has(relative)) }];
}

/** As Go's filepath.Match on each part; sorted. Links before the first wildcard are followed, those after it are not. */
async function expandWildcards(tree: Tree, pattern: string): Promise<string[]> {
  const parts = pattern.split('/');
  const first = parts.findIndex(hasWildcards);
  const start = withoutEscapes(parts.slice(0, first).join('/'));
  let paths = [(await resolveInTree(tree, start)).path];
  for (const part of parts.slice(first)) {
    const found = await Promise.all(paths.map((path) => matchesIn(tree, path, part)));
    paths = found.flat();
  }
  return paths;
}

async function matchesIn(tree: Tree, folder: string, part: string): Promise<string[]> {
  if ((await tree.entry(folder))?.type !== 'directory') return [];
  const expression = globToRegExp(part);
  const names = (await tree.names(folder)).filter((name) => expression.test(name));
  const paths = names.map((name) => posix.join(folder, name));
  const entries = await Promise.all(paths.map((path) => tree.entry(path)));
  return paths.filter((_, index) => entries[index] !== undefined);
}

interface Place {
  readonly path: string;
  readonly relative: string;
  readonly entry: Entry;
}

async function walk(tree: Tree, place: Place, excludes: PatternSet, into: SelectedEntry[]): Promise<void> {
  const { path, relative, entry } = place;
  const content = entry.type === 'file' ? tree.content(path) : undefined;
  const excluded = relative !== '' && excludes.matches(relative);
  if (excluded && (entry.type !== 'directory' || !excludes.mayHoldExceptions(relative))) return;
  const before = into.length;
  into.push({ relative, entry, content });
  if (entry.type !== 'directory') return;
  const names = await tree.names(path);
  const children = await Promise.all(names.map((name) => tree.entry(posix.join(path, name))));
  for (const [index, name] of names.entries()) {
    const child = children[index];
    if (child === undefined) continue;
    const next = { path: posix.join(path, name), relative: posix.join(relative, name), entry: child };
    await walk(tree, next, excludes, into);
  }
  const frame = excluded || (relative !== '' && tree.isFrame?.(path));
  if (frame && into.length === before + 1) into.length = before;
}

function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Below the root whatever `..` says; without leading and closing slashes. */
function normal(source: string): string {
  return posix.normalize(`/${source}`).replace(/^\/+|\/+$/g, '');
}

function withoutEscapes(path: string): string {
  return path.replace(/\\(.)/g, '$1');
}
