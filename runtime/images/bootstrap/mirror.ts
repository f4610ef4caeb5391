import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.js';
import { findProgram, isThere, lastLine, runProgram } from './programs.js';
import type { Target } from './target.js';

/** Where a distribution's packages come from here, and what its release files say of themselves (unsigned hints: mmdebstrap verifies). */
export interface Sources {
  readonly codename: string;
  readonly mirror: string;
  /** Lines of a sources.list. */
  readonly lines: readonly string[];
  readonly keyring: string;
  /** Seconds since the epoch: the youngest of the release files. */
  readonly dateSeconds: number;
  /** All release files, to tell whether anything changed. */
  readonly releases: string;
}

interface Archive {
  readonly mirror: string;
  readonly security: string;
  readonly components: string;
  readonly keyring: string;
  readonly keyringPackage: string;
}

export const archives: Readonly<Record<Target['distribution'], Archive>> = {
  debian: {
    mirror: 'http://deb.debian.org/debian',
    security: 'http://deb.debian.org/debian-security',
    components: 'main',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    keyringPackage: 'debian-archive-keyring',
  },
  ubuntu: {
    mirror: 'http://archive.ubuntu.com/ubuntu',
    security: 'http://archive.ubuntu.com/ubuntu',
    components: 'main restricted universe multiverse',
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    keyringPackage: 'ubuntu-keyring',
  },
};

const HELPER = '/usr/lib/apt/apt-helper';

/**
 * The machine's own mirrors where it runs the wanted distribution, else the distribution's; which of the suite's archives
 * are there. Throws `unavailable` when the mirror is not reached, `not-found` when it has no such suite.
 */
export async function findSources(target: Target, folder: string, signal: AbortSignal | undefined): Promise<Sources> {
  const archive = archives[target.distribution];
  const { mirror, security } = await machineMirrors(target, archive);
  await mkdir(folder, { recursive: true });
  const main = await readRelease(mirror, target.suite, folder, signal);
  if (main.text === undefined) throw unreachable(target, mirror, main.failure);
  const codename = field(main.text, 'Codename') ?? target.suite;
  const candidates = [
    { site: mirror, suite: `${codename}-updates` },
    { site: security, suite: `${codename}-security` },
  ];
  const others = await Promise.all(candidates.map((one) => readRelease(one.site, one.suite, folder, signal)));
  const present = candidates.filter((_, index) => others[index]?.text !== undefined);
  const texts = [main.text, ...others.flatMap(({ text }) => text ?? [])];
  return {
    codename,
    mirror,
    keyring: archive.keyring,
    lines: [{ site: mirror, suite: codename }, ...present].map(
      ({ site, suite }) => `deb ${site} ${suite} ${archive.components}`,
    ),
    dateSeconds: Math.max(...texts.map((text) => Date.parse(field(text, 'Date') ?? '') / 1000 || 0)),
    releases: texts.join('\n'),
  };
}

/** What apt is configured with here, when it is for this distribution (`apt-get indextargets` reads every form of it). */
async function machineMirrors(target: Target, archive: Archive): Promise<{ mirror: string; security: string }> {
  const apt = await findProgram('apt-get');
  const usual = { mirror: archive.mirror, security: archive.security };
  if (!apt) return usual;
  const format = '$(ORIGIN) $(CODENAME) $(SITE)';
  const listed = await runProgram([apt, 'indextargets', '--format', format, 'Identifier: Packages']);
  const rows = listed.stdout.split('\n').map((line) => line.split(' '));
  const own = rows.filter(([origin]) => origin?.toLowerCase() === target.distribution);
  const siteOf = (fits: (codename: string) => boolean) => own.find(([, codename]) => fits(codename ?? ''))?.[2];
  return {
    mirror: siteOf((codename) => /^[a-z]+$/.test(codename)) ?? usual.mirror,
    security: siteOf((codename) => codename.endsWith('-security')) ?? usual.security,
  };
}

interface Release {
  readonly text: string | undefined;
  readonly failure: string;
}

/** Fetched by apt's own helper: with its proxies, credentials and transports. */
async function readRelease(site: string, suite: string, folder: string, signal?: AbortSignal): Promise<Release> {
  const target = join(folder, `${suite}.InRelease`);
  await rm(target, { force: true });
  const url = `${site}/dists/${suite}/InRelease`;
  const args = [
    HELPER,
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    'Acquire::Retries=1',
    'download-file',
    url,
    target,
  ] as const;
  if (!(await isThere(HELPER))) return { text: undefined, failure: 'this machine has no apt' };
  const ran = await runProgram([...args], { signal });
  if (ran.code !== 0) return { text: undefined, failure: causeOf(ran.stderr) };
  return { text: await readFile(target, 'utf8'), failure: '' };
}

/** `E: Failed to fetch URL  404  Not Found [IP: …]` → `404 Not Found [IP: …]`; what it says after that adds nothing. */
function causeOf(stderr: string): string {
  const said = /Failed to fetch \S+\s+(.*)/.exec(stderr)?.[1] ?? lastLine(stderr);
  return said.replace(/\s+/g, ' ').trim();
}

function field(release: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.+)$`, 'm').exec(release)?.[1];
}

function unreachable(target: Target, mirror: string, failure: string): EngineError {
  const image = `${target.distribution} ${target.suite}`;
  if (/^404\b/.test(failure)) return new EngineError('not-found', `${mirror} has no suite ${target.suite}`);
  return new EngineError('unavailable', `cannot bootstrap ${image}: ${mirror} is not reached: ${failure}`);
}
