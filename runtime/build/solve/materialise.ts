import { chmod, copyFile, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentStream } from '../files/layer-tar.js';
import type { Content, Selected } from '../files/select.js';

async function writeContent(path: string, content: Content, sizeBytes: number): Promise<void> {
  if ('bytes' in content) return writeFile(path, content.bytes);
  if (content.start === undefined) return copyFile(content.path, path);
  return writeFile(path, sizeBytes === 0 ? '' : contentStream({ ...content, start: content.start }, sizeBytes));
}

/** Writes selected files below a folder of this machine, for a mount that must not show or change the originals. */
export async function materialise(selected: Selected, folder: string): Promise<void> {
  const links = new Map<string, string>();
  for (const { relative, entry, content } of selected.entries) {
    const path = join(folder, relative);
    const first = entry.linkKey === undefined ? undefined : links.get(entry.linkKey);
    if (entry.type === 'directory') await mkdir(path, { recursive: true });
    else if (first !== undefined) await link(first, path);
    else if (entry.type === 'symlink') await symlink(entry.target!, path);
    else if (content !== undefined) await writeContent(path, content, entry.sizeBytes);
    else continue;
    if (entry.type === 'symlink') continue;
    if (entry.linkKey !== undefined) links.set(entry.linkKey, path);
    await chmod(path, entry.mode);
    await utimes(path, entry.mtimeMs / 1000, entry.mtimeMs / 1000);
  }
}
