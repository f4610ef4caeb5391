import { createHash } from 'node:crypto';
import { contentHash } from './content-hash.js';
import { contentStream } from './layer-tar.js';
import { PatientReader } from './read.js';
import type { Content, Selected, SelectedEntry } from './select.js';
import type { FileStamp } from './tree.js';

const WHOLE_BYTES = 4 << 20;
/** Lines that are hashed at once: each call costs more than its line. */
const BATCH = 500;

/**
 * One digest (hex) of what was selected: names, types, modes, owners, link targets and contents, not times: what
 * BuildKit counts. The top folder's own mode and owner do not travel, so they do not count.
 */
export async function digestSelected(
  selected: readonly Selected[],
  known: KnownDigests = new KnownDigests(),
): Promise<string> {
  const contents = await digestContents(
    selected.flatMap(({ entries }) => entries),
    known,
  );
  const hash = createHash('sha256');
  for (const { name, entries } of selected) {
    const isFolder = entries[0]!.entry.type === 'directory';
    hash.update(`source ${JSON.stringify(isFolder ? '' : name)}\n`);
    const links = new Map<string, string>();
    for (let at = 0; at < entries.length; at += BATCH) {
      const lines = entries.slice(at, at + BATCH).map((one) => `${describe(one, contents.get(one), links)}\n`);
      hash.update(lines.join(''));
    }
  }
  return hash.digest('hex');
}

function describe({ relative, entry }: SelectedEntry, content: string | undefined, links: Map<string, string>): string {
  if (relative === '' && entry.type === 'directory') return 'top';
  const first = entry.linkKey === undefined ? undefined : links.get(entry.linkKey);
  if (entry.linkKey !== undefined && first === undefined) links.set(entry.linkKey, relative);
  return JSON.stringify([
    relative,
    entry.type,
    entry.mode,
    entry.uid,
    entry.gid,
    entry.target ?? '',
    entry.major,
    entry.minor,
    content ?? '',
    first ?? '',
    ...(entry.capability ? [Buffer.from(entry.capability).toString('hex')] : []),
  ]);
}

async function digestContents(
  entries: readonly SelectedEntry[],
  known: KnownDigests,
): Promise<Map<SelectedEntry, string>> {
  const digests = new Map<SelectedEntry, string>();
  const reader = new PatientReader();
  try {
    for (const one of entries) {
      const { content, entry } = one;
      if (content === undefined) continue;
      const before = entry.digest ?? known.get(entry.stamp);
      const digest = before ?? (await digestContent(reader, content, entry.sizeBytes));
      digests.set(one, digest);
      if (before === undefined) known.put(entry.stamp, digest);
    }
  } finally {
    reader.close();
  }
  return digests;
}

const KEPT = 300_000;

/**
 * Digests of files of this machine, by what changes whenever they do. Found by the inode's number alone, which is quick;
 * of two devices' inodes with one number the later is known.
 */
export class KnownDigests {
  private readonly files = new Map<number, { readonly stamp: FileStamp; readonly digest: string }>();

  get(stamp: FileStamp | undefined): string | undefined {
    const known = stamp && this.files.get(stamp.ino);
    return known && isSame(known.stamp, stamp) ? known.digest : undefined;
  }

  put(stamp: FileStamp | undefined, digest: string): void {
    if (stamp === undefined) return;
    if (this.files.size >= KEPT) this.files.clear();
    this.files.set(stamp.ino, { stamp, digest });
  }
}

function isSame(one: FileStamp, other: FileStamp): boolean {
  const times = one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs;
  return times && one.size === other.size && one.dev === other.dev && one.ino === other.ino;
}

async function digestContent(reader: PatientReader, content: Content, sizeBytes: number): Promise<string> {
  const hash = contentHash();
  if ('bytes' in content) hash.update(content.bytes);
  else if (sizeBytes <= WHOLE_BYTES) hash.update(await reader.read(content, sizeBytes));
  else for await (const chunk of contentStream(content, sizeBytes)) hash.update(chunk);
  return hash.digest('hex');
}
