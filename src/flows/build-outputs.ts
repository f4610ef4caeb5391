/** What `devenv build` leaves beside images in the engine: folders, archives, ids. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EngineClient } from '../engine/client.js';
import { inspectImage, tagImage } from '../engine/images.js';
import { UserError } from '../errors.js';
import type { BuildOutput } from '../model/build-flags.js';

export interface BuiltImage {
  readonly service: string;
  /** Name that it has in the engine. */
  readonly image: string;
  /** More names of it. */
  readonly tags?: readonly string[];
}

export interface OutputPlaces {
  readonly stdout: Writable;
  readonly push: (service: string, image: string) => Promise<void>;
}

/** Throws UserError, before anything is built, for what only our engine gives out. */
export function checkOutputs({ own }: Pick<EngineClient, 'own'>, outputs: readonly BuildOutput[]): void {
  const files = outputs.find(({ type }) => type === 'local' || type === 'tar');
  if (own || files === undefined) return;
  throw new UserError(
    'build-engine',
    `This engine cannot give out the files of an image (--output type=${files.type}).`,
    ['Build with the engine of devenv (leave out --engine), or use --output type=docker,dest=FILE.'],
  );
}

/** Throws UserError when several images would go to one place. */
export async function writeOutputs(
  engine: EngineClient,
  outputs: readonly BuildOutput[],
  built: readonly BuiltImage[],
  to: OutputPlaces,
): Promise<void> {
  for (const output of outputs) {
    if (output.name !== undefined && built.length > 1)
      throw new UserError('several-outputs', `${built.length} images cannot all be named ${output.name}.`, [
        'Name one service, or leave out name=…: each image has the name of its service.',
      ]);
    if (output.dest !== undefined && built.length > 1 && output.type !== 'local')
      throw new UserError('several-outputs', `${built.length} images cannot all go to ${output.dest}.`, [
        'Name one service, or use --output type=local, which makes a folder for each.',
      ]);
    for (const one of built) await writeOutput(engine, output, one, { ...to, several: built.length > 1 });
  }
}

async function writeOutput(
  engine: EngineClient,
  { type, dest, name, tar, push: isPushed }: BuildOutput,
  { service, image, tags = [] }: BuiltImage,
  { several, stdout, push }: OutputPlaces & { readonly several: boolean },
): Promise<void> {
  if (name) await tagImage(engine, image, name);
  if (isPushed) for (const one of name ? [name] : [image, ...tags]) await push(service, one);
  if (dest === undefined) return;
  if (type === 'local' || type === 'tar') {
    const files = await engine.stream('GET', `/devenv/images/${encodeURIComponent(image)}/rootfs`);
    return type === 'tar' ? save(files, dest, stdout) : unpack(files, several ? path.join(dest, service) : dest);
  }
  const archive = await engine.stream('GET', `/images/${encodeURIComponent(name ?? image)}/get`);
  return tar ? save(archive, dest, stdout) : unpack(archive, dest);
}

async function save(from: Readable, dest: string, stdout: Writable): Promise<void> {
  if (dest === '-') return pipeline(from, stdout, { end: false });
  await mkdir(path.dirname(dest), { recursive: true });
  await pipeline(from, createWriteStream(dest));
}

/** With the tar of this machine: owners stay only for root. */
async function unpack(from: Readable, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const child = spawn('tar', ['-C', folder, '-xpf', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  await pipeline(from, child.stdin).catch(() => undefined);
  if ((await ended) !== 0) throw new UserError('output', `The files could not be written to ${folder}: ${said.trim()}`);
}

/** `--iidfile` and `--metadata-file`. */
export async function writeIds(
  engine: EngineClient,
  files: { readonly iidFile?: string | undefined; readonly metadataFile?: string | undefined },
  built: readonly BuiltImage[],
): Promise<void> {
  if (!files.iidFile && !files.metadataFile) return;
  const known = await Promise.all(
    built.map(async ({ service, image }) => {
      const id = (await inspectImage(engine, image))?.Id ?? '';
      return [
        service,
        { 'containerimage.config.digest': id, 'containerimage.digest': id, 'image.name': image },
      ] as const;
    }),
  );
  const ids = known.map(([, one]) => one['containerimage.config.digest']);
  if (files.iidFile) await writeFile(files.iidFile, ids.join('\n'));
  const one = known.length === 1 ? known[0]![1] : Object.fromEntries(known);
  if (files.metadataFile) await writeFile(files.metadataFile, `${JSON.stringify(one, undefined, 2)}\n`);
}
