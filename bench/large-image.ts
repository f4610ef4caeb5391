import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';

const LAYERS = 4;
const FILES = 15_000;
const BYTES = 250 << 20;
const FILES_A_FOLDER = 60;

/** Writes an image of four layers in `docker save`'s form; its files compress to about a third, as those of a distribution do. */
export async function writeLargeImage(to: Writable, tag: string): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, to);
  const random = sequence(1);
  const text = prose(random);
  const diffIds: string[] = [];
  const names: string[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    const tar = await makeLayer(layer, random, text);
    diffIds.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
    names.push(`layer-${layer}/layer.tar`);
    await add(archive, names.at(-1)!, tar);
  }
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created_by: 'bench' })),
  });
  const id = createHash('sha256').update(config).digest('hex');
  await add(archive, `${id}.json`, Buffer.from(config));
  await add(
    archive,
    'manifest.json',
    Buffer.from(JSON.stringify([{ Config: `${id}.json`, RepoTags: [tag], Layers: names }])),
  );
  archive.finalize();
  await written;
}

function add(archive: Pack, name: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry({ name }, bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function makeLayer(layer: number, random: () => number, text: Buffer): Promise<Buffer> {
  const tar = pack();
  const collected = buffer(tar);
  const files = FILES / LAYERS;
  const mean = BYTES / FILES;
  for (let index = 0; index < files; index++) {
    const folder = `usr/lib/l${layer}/d${Math.floor(index / FILES_A_FOLDER)}`;
    if (index % FILES_A_FOLDER === 0) tar.entry({ name: `${folder}/`, type: 'directory', mode: 0o755 });
    // Many small files and a few large ones: half the mean, up to ten times that.
    const size = Math.floor(mean * (index % 10 === 0 ? 5.5 : 0.5) * (0.5 + random()));
    const at = Math.floor(random() * (text.length - size));
    tar.entry({ name: `${folder}/file-${index}.txt`, mode: 0o644 }, text.subarray(at, at + size));
  }
  tar.finalize();
  return collected;
}

/** 24 MB of words, numbers and noise: a third of its size when gzipped. */
function prose(random: () => number): Buffer {
  const words = Array.from({ length: 4000 }, () => word(random));
  const bytes = Buffer.alloc(24 << 20);
  for (let at = 0; at < bytes.length - 64; ) {
    const isNoise = random() < 0.02;
    const piece = isNoise
      ? Buffer.from(Array.from({ length: 48 }, () => Math.floor(random() * 256)))
      : `${words[Math.floor(random() ** 2 * words.length)]} `;
    at += typeof piece === 'string' ? bytes.write(piece, at) : piece.copy(bytes, at);
  }
  return bytes;
}

function word(random: () => number): string {
  const length = 2 + Math.floor(random() * 9);
  return Array.from({ length }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
}

/** Numbers in [0, 1) that are the same in every run (a 32-bit linear congruence; Numerical Recipes' constants). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
