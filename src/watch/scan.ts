/** Files that are there, for what was changed while nobody watched. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathInRule } from './classify.js';
import type { WatchRule } from './types.js';

export interface FoundFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly isLink: boolean;
}

/** Tells a file's content and modes from what they were: a change always changes one of these. */
export function fingerprintOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** Links followed; undefined: nothing is there, or below a file (which `throwIfNoEntry` throws for), or it may not be seen. */
export function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The same of a link itself. */
export function lstatOf(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Files of a rule whose inode changed after a moment (ms since 1970): written, renamed or given other modes. */
export async function filesChangedSince(rule: WatchRule, sinceMs: number): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  await visit(rule, rule.path, (file, stats) => {
    if (stats.isDirectory() || stats.ctimeMs <= sinceMs) return;
    found.push({ path: file, size: stats.size, mtimeMs: stats.mtimeMs, isLink: stats.isSymbolicLink() });
  });
  return found;
}

/** Files and folders of a rule, its own path left out where that is a folder. */
export async function pathsOf(rule: WatchRule): Promise<string[]> {
  const found: string[] = [];
  await visit(rule, rule.path, (file) => found.push(file));
  return found;
}

type Visitor = (file: string, stats: Stats) => void;

async function visit(rule: WatchRule, file: string, tell: Visitor): Promise<void> {
  const isRoot = file === rule.path;
  const stats = await (isRoot ? stat : lstat)(file).catch(() => undefined);
  if (!stats) return;
  const isFolder = stats.isDirectory();
  if (!(isRoot && isFolder) && pathInRule(rule, file) !== undefined) tell(file, stats);
  if (!isFolder || (!isRoot && isPruned(rule, file))) return;
  for (const name of await readdir(file).catch(() => [])) await visit(rule, path.join(file, name), tell);
}

function isPruned(rule: WatchRule, folder: string): boolean {
  const below = path.relative(rule.path, folder).split(path.sep).join('/');
  return rule.ignore.ignores(below) && rule.ignore.mayPrune(below);
}
