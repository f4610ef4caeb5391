import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { archives, findSources, type Sources } from './bootstrap/mirror.js';
import { makeRootTar } from './bootstrap/mmdebstrap.js';
import { findProgram, isThere, runProgram } from './bootstrap/programs.js';
import { parseTarget, type Target } from './bootstrap/target.js';
import { hostPlatform } from './platform.js';
import { familiarReference } from './reference.js';
import { SharedWork } from './shared-work.js';
import type { BootstrapImage, BootstrapOptions, Image, ImageStoreOptions, ProgressEvent, Reference } from './types.js';

/**
 * Makes `debian:SUITE[-slim]` or `ubuntu:SUITE` from the distribution's signed packages with mmdebstrap, and tags it so.
 * The archive is kept under `HOME/cache/bootstrap` for as long as the mirror's release files stay the same.
 */
export const bootstrapImage: BootstrapImage = async (reference, options) => {
  const target = parseTarget(reference);
  const name = familiarReference(reference);
  if (!target) {
    const known = 'debian:SUITE, debian:SUITE-slim and ubuntu:SUITE can';
    throw new EngineError('not-found', `${name} cannot be made from a distribution's packages of today; ${known}`);
  }
  return make(reference, target, options);
};

/** The image store's `fallback`: only for what can be made, each image once however many ask. */
export function bootstrapFallback(
  home: string,
  install: BootstrapOptions['install'],
): NonNullable<ImageStoreOptions['fallback']> {
  const running = new SharedWork<Image, ProgressEvent>();
  return async (reference, images, { platform, onProgress, signal }) => {
    const target = parseTarget(reference);
    const own = hostPlatform(process.arch).architecture;
    if (!target || (platform && platform.architecture !== own)) return undefined;
    return running.join(familiarReference(reference), { signal, onEvent: onProgress }, (emit, stop) =>
      make(reference, target, { images, home, install, onProgress: emit, signal: stop }),
    );
  };
}

async function make(reference: Reference, target: Target, options: BootstrapOptions): Promise<Image> {
  const { home, signal } = options;
  const cache = join(home, 'cache', 'bootstrap');
  const program = await findTools(target, options.install);
  await mkdir(cache, { recursive: true });
  await sweep(cache);
  const work = await mkdtemp(join(cache, RUN));
  try {
    const sources = await findSources(target, join(work, 'release'), signal);
    const say = `Bootstrapping ${familiarReference(reference)} from the signed packages of ${sources.mirror} (${sources.codename})`;
    options.onProgress?.({ status: say });
    const compressed = (await findProgram('zstd')) !== undefined;
    const prefix = `${target.distribution}-${sources.codename}${target.slim ? '-slim' : ''}`;
    const output = join(cache, `${prefix}-${keyOf(sources)}.tar${compressed ? '.zst' : ''}`);
    if (!(await isThere(output))) {
      await forgetOlder(cache, prefix);
      const packagesFolder = join(home, 'cache', 'packages', `${target.distribution}-${sources.codename}`);
      await makeRootTar({ program, target, sources, workFolder: join(work, 'root'), packagesFolder, output, signal });
    }
    return await importArchive(reference, { target, sources, output, program }, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** mmdebstrap and the distribution's keyring, installed where they are missing and this user may. */
async function findTools(target: Target, install: BootstrapOptions['install']): Promise<string> {
  const archive = archives[target.distribution];
  const missing: string[] = [];
  if (!(await findProgram('mmdebstrap'))) missing.push('mmdebstrap');
  if (!(await isThere(archive.keyring))) missing.push(archive.keyringPackage);
  if (missing.length > 0) {
    const why = `to make a ${target.distribution} image from packages, ${missing.join(' and ')} must be installed`;
    await install(missing, why);
  }
  return (await findProgram('mmdebstrap')) ?? 'mmdebstrap';
}

/** Changes with the mirror's content, and with how an image is made of it. */
function keyOf(sources: Sources): string {
  const recipe = 3;
  return createHash('sha256')
    .update(`${recipe}\n${sources.lines.join('\n')}\n${sources.releases}`)
    .digest('hex')
    .slice(0, 16);
}

const RUN = 'run-';
const STALE_MS = 3_600_000;

/** Folders of runs whose engine was killed. */
async function sweep(cache: string): Promise<void> {
  for (const name of (await readdir(cache)).filter((one) => one.startsWith(RUN))) {
    const { mtimeMs } = await stat(join(cache, name));
    if (Date.now() - mtimeMs > STALE_MS) await rm(join(cache, name), { recursive: true, force: true });
  }
}

async function forgetOlder(cache: string, prefix: string): Promise<void> {
  const older = (await readdir(cache)).filter((name) => new RegExp(`^${prefix}-[a-f0-9]{16}\\.tar`).test(name));
  await Promise.all(older.map((name) => rm(join(cache, name), { force: true })));
}

interface Made {
  readonly target: Target;
  readonly sources: Sources;
  readonly output: string;
  readonly program: string;
}

/** Configured as the official image is; labels tell where it really came from. */
async function importArchive(reference: Reference, made: Made, { images }: BootstrapOptions): Promise<Image> {
  const { target, sources } = made;
  const version = (await runProgram([made.program, '--version'])).stdout.trim();
  const image = await images.importRoot(createReadStream(made.output, { highWaterMark: 1 << 18 }), {
    platform: hostPlatform(process.arch),
    created: new Date(sources.dateSeconds * 1000).toISOString(),
    comment: `bootstrapped with ${version} from ${sources.mirror}`,
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Cmd: [target.distribution === 'ubuntu' ? '/bin/bash' : 'bash'],
      Labels: {
        'devenv.bootstrap.tool': version,
        'devenv.bootstrap.sources': sources.lines.join('\n'),
        'devenv.bootstrap.suite': sources.codename,
      },
    },
  });
  await images.tag(image.id, reference);
  return images.get(image.id);
}
