import { mkdir, mkdtemp, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.js';
import { carriedSettings, slimScript, writeImageFiles } from './files.js';
import type { Sources } from './mirror.js';
import { runProgram } from './programs.js';
import type { Target } from './target.js';

export interface MakeRoot {
  readonly program: string;
  readonly target: Target;
  readonly sources: Sources;
  /** A folder of our own for this run, empty. */
  readonly workFolder: string;
  /** Fetched packages, kept from run to run. */
  readonly packagesFolder: string;
  /** The archive to write; its ending tells the compression. */
  readonly output: string;
  readonly signal: AbortSignal | undefined;
}

/** Makes the root file system's tar. Signatures are verified by apt with the distribution's own keyring. Throws `system` with its last words. */
export async function makeRootTar(run: MakeRoot): Promise<void> {
  const extra = join(run.workFolder, 'files');
  const settings = await carriedSettings();
  await Promise.all([mkdir(run.workFolder, { recursive: true }), mkdir(run.packagesFolder, { recursive: true })]);
  await writeImageFiles(extra, settings, run.target.slim);
  const name = run.output.split('/').at(-1) ?? 'root.tar';
  const unfinished = join(run.workFolder, name);
  const args = programArguments(run, { extra, settings, unfinished });
  const temporary = await makeTemporary(run.workFolder);
  try {
    const environment = { TMPDIR: temporary, SOURCE_DATE_EPOCH: String(run.sources.dateSeconds) };
    const ran = await runProgram([run.program, ...args], { signal: run.signal, environment });
    if (ran.code !== 0) throw new EngineError('system', `mmdebstrap failed: ${lastWords(ran.stderr)}`);
    await rename(unfinished, run.output);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const MEMORY_NEEDED_BYTES = 1.5 * 2 ** 30;
const SHARED_MEMORY = '/dev/shm';

/** In memory where there is plenty (22 s instead of 38 s, dpkg waits for the disk so often), else in the work folder. */
async function makeTemporary(workFolder: string): Promise<string> {
  const inMemory = await hasRoomInMemory().catch(() => false);
  return mkdtemp(join(inMemory ? SHARED_MEMORY : workFolder, 'devenv-root-'));
}

/** Programs must run and devices work in it: some machines forbid either there. */
async function hasRoomInMemory(): Promise<boolean> {
  const [mounts, memory, room] = await Promise.all([
    readFile('/proc/mounts', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
    statfs(SHARED_MEMORY),
  ]);
  const options = mounts
    .split('\n')
    .find((line) => line.split(' ')[1] === SHARED_MEMORY)
    ?.split(' ')[3]
    ?.split(',');
  const availableBytes = Number(/^MemAvailable:\s+(\d+) kB/m.exec(memory)?.[1] ?? 0) * 1024;
  const fits = Math.min(availableBytes, room.bavail * room.bsize) > MEMORY_NEEDED_BYTES;
  return fits && options !== undefined && !options.includes('noexec') && !options.includes('nodev');
}

function programArguments(
  { target, sources, packagesFolder }: MakeRoot,
  made: { extra: string; settings: readonly string[]; unfinished: string },
): string[] {
  const settings = [...made.settings, 'APT::Sandbox::User "root";'];
  const packages = quote(packagesFolder);
  return [
    '--variant=minbase',
    // Directories merged from the start: otherwise the package that merges them brings all of Perl along.
    '--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr',
    `--keyring=${sources.keyring}`,
    ...settings.map((line) => `--aptopt=${line.replace(/;\s*$/, '')}`),
    '--dpkgopt=force-unsafe-io',
    // Packages fetched before need not be fetched again, and those fetched now are kept for the next time.
    '--skip=download/empty,essential/unlink,cleanup/apt/cache',
    `--setup-hook=mkdir -p "$1"/var/cache/apt/archives && cp -lf ${packages}/*.deb "$1"/var/cache/apt/archives/ 2>/dev/null || cp -f ${packages}/*.deb "$1"/var/cache/apt/archives/ 2>/dev/null || true`,
    `--customize-hook=cp -lf "$1"/var/cache/apt/archives/*.deb ${packages}/ 2>/dev/null || cp -f "$1"/var/cache/apt/archives/*.deb ${packages}/ || true`,
    `--customize-hook=rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap`,
    `--customize-hook=cp -R --preserve=mode ${quote(made.extra)}/. "$1"/`,
    '--customize-hook=rm -f "$1"/var/log/apt/* "$1"/var/log/dpkg.log "$1"/var/log/alternatives.log "$1"/var/log/bootstrap.log',
    // Taken out at the end: dpkg's own excluding runs a filter for each package and takes twice the time.
    ...(target.slim ? [`--customize-hook=${slimScript()}`] : []),
    sources.codename,
    made.unfinished,
    ...sources.lines,
  ];
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Its own errors say what to do; apt's stand before them. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /^(E:|Err:|W: Failed)/.test(line.trim()));
  return (lines.length > 0 ? lines : stderr.trim().split('\n')).slice(-3).join(' ').trim();
}
