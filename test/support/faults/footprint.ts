/** All that one engine has on the machine: what a leak would show up in. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { livingEngine, type ProcessFacts, processesOf } from './processes.js';

export interface Folders {
  readonly home: string;
  readonly runtime: string;
}

export interface Footprint {
  readonly engine: number | undefined;
  readonly processes: readonly ProcessFacts[];
  /** Mount points of this machine's namespace at or below the folders. */
  readonly mounts: readonly string[];
  readonly bridges: readonly string[];
  readonly veths: readonly string[];
  /** Ids of the groups below the engine's, over all hierarchies. */
  readonly groups: readonly string[];
  /** The engine's nft table as text; empty when there is none. */
  readonly firewall: string;
  /** Names in `HOME/FOLDER`. */
  readonly files: Readonly<
    Record<'roots' | 'containers' | 'trash' | 'ingest' | 'volumes' | 'build', readonly string[]>
  >;
  /** Sockets of monitors: the first 16 digits of the container's id. */
  readonly monitors: readonly string[];
}

/** The engine's own name on this machine, `devenv-ab12cd34`, and the four digits in its interfaces' names. */
export function namesOf(runtime: string): { readonly group: string; readonly short: string } {
  const hash = createHash('sha256').update(runtime).digest('hex').slice(0, 8);
  return { group: `devenv-${hash}`, short: hash.slice(0, 4) };
}

export function takeFootprint({ home, runtime }: Folders): Footprint {
  const { group, short } = namesOf(runtime);
  const links = readdirSync('/sys/class/net');
  const engine = livingEngine(runtime);
  const files = (folder: string) => namesIn(path.join(home, folder));
  return {
    engine,
    processes: processesOf(runtime, group, engine),
    mounts: mountsBelow([home, runtime]),
    bridges: links.filter((name) => name.startsWith(`dv${short}b`)),
    veths: links.filter((name) => name.startsWith(`dv${short}v`)),
    groups: [...new Set(hierarchies().flatMap((root) => foldersIn(path.join(root, group))))],
    firewall: firewallTable(group),
    files: {
      roots: [...files('roots'), ...files('vfs/roots')],
      containers: files('containers'),
      trash: files('trash'),
      ingest: files('ingest'),
      volumes: files('volumes'),
      build: files('build'),
    },
    monitors: namesIn(path.join(runtime, 'm')),
  };
}

const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function hierarchies(): string[] {
  return ['/sys/fs/cgroup', ...foldersIn('/sys/fs/cgroup').map((name) => path.join('/sys/fs/cgroup', name))];
}

function mountsBelow(folders: readonly string[]): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => folders.some((folder) => target.startsWith(`${folder}/`)));
}

function firewallTable(name: string): string {
  try {
    return execFileSync('nft', ['list', 'table', 'inet', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
