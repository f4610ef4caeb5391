/** `complete`: what the shell's completion asks for, a word a line. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { listContainers } from '../../engine/containers.js';
import { listImages } from '../../engine/images.js';
import { locateEngine } from '../../engine/locate.js';
import { listNetworks } from '../../engine/networks.js';
import { answers } from '../../engine/start.js';
import { listVolumes } from '../../engine/volumes.js';
import type { Session } from '../session.js';
import { type Commands, candidates, type Thing } from './candidates.js';

/** The last line is `:files` where the shell should offer files, too. `root`: of the package. */
export async function complete(session: Session, root: string, words: readonly string[]): Promise<string> {
  const { commands } = JSON.parse(readFileSync(path.join(root, 'oclif.manifest.json'), 'utf8')) as {
    commands: Commands;
  };
  const { words: known, things } = candidates(commands, words);
  const current = words.at(-1)?.replace(/^--[\w-]+=/, '') ?? '';
  const prefix = words.at(-1)?.slice(0, words.at(-1)!.length - current.length) ?? '';
  const named = await Promise.all(things.filter((one) => one !== 'files').map((one) => namesOf(session, one)));
  const fitting = named.flat().filter((name) => name.startsWith(current));
  const taken = new Set(words.slice(0, -1));
  const lines = [...known, ...fitting.filter((name) => !taken.has(name)).map((name) => prefix + name)];
  return [...new Set(lines), ...(things.includes('files') ? [':files'] : [])].map((line) => `${line}\n`).join('');
}

/** Nothing rather than an error: somebody is in the middle of typing. An engine that is not there is not started. */
async function namesOf(session: Session, thing: Thing): Promise<string[]> {
  try {
    if (thing === 'services' || thing === 'profiles') return await fromConfig(session, thing);
    const { address } = locateEngine(session.options.engine, session.world.env, session.world.uid);
    return (await answers(address)) ? await fromEngine(session, thing) : [];
  } catch {
    return [];
  }
}

async function fromConfig(session: Session, thing: 'services' | 'profiles'): Promise<string[]> {
  const { loadProject } = await import('../../config/load.js');
  const { project } = await loadProject({ ...session.loadRequest([]), profiles: ['*'] });
  if (thing === 'services') return Object.keys(project.services);
  return [...new Set(Object.values(project.services).flatMap(({ profiles }) => profiles ?? []))].sort();
}

async function fromEngine(session: Session, thing: Thing): Promise<string[]> {
  const engine = await session.engine();
  if (thing === 'containers') {
    const all = await listContainers(engine, {});
    return all.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, ''))).sort();
  }
  if (thing === 'images') return (await listImages(engine)).flatMap(({ RepoTags }) => RepoTags ?? []).sort();
  if (thing === 'volumes') return (await listVolumes(engine, {})).map(({ Name }) => Name).sort();
  return (await listNetworks(engine, {})).map(({ Name }) => Name).sort();
}
