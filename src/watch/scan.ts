/** Files that are there, for what was changed while nobody watched. */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
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

/** Files of a rule whose inode changed after a moment (ms since 1970): written, renamed or given other modes. */
export async function filesChangedSince(rule: WatchRule, sinceMs: number): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  await visit(rule, rule.path, sinceMs, found);
  return found;
}

async function visit(rule: WatchRule, file: string, sinceMs: number, found: FoundFile[]): Promise<void> {
  const stats = await lstat(file).catch(() => undefined);
  if (!stats) return;
  if (stats.isDirectory()) {
    if (file !== rule.path && isPruned(rule, file)) return;
    const names = await readdir(file).catch(() => []);
    for (const name of names) await visit(rule, path.join(file, name), sinceMs, found);
  } else if (stats.ctimeMs > sinceMs && pathInRule(rule, file) !== undefined) {
    found.push({ path: file, size: stats.size, mtimeMs: stats.mtimeMs, isLink: stats.isSymbolicLink() });
  }
}

function isPruned(rule: WatchRule, folder: string): boolean {
  const below = path.relative(rule.path, folder).split(path.sep).join('/');
  return rule.ignore.ignores(below) && rule.ignore.mayPrune(below);
}
