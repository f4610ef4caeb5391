/**
 * Which files of the host an image was made of, or a container was given since: the only way to tell a file that was
 * deleted while nobody watched from one that the image made itself.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineClient } from '../../engine/client.js';
import { inspectImage } from '../../engine/images.js';
import { enginePaths } from '../../engine/paths.js';
import type { Project } from '../../model/project.js';
import { pathInRule, targetOf } from '../../watch/classify.js';
import { lstatOf, pathsOf } from '../../watch/scan.js';
import type { WatchRule } from '../../watch/types.js';
import type { Session } from '../session.js';
import { readRules } from './rules.js';

/** Of one service. */
interface Known {
  /** What was made of these files; another image begins anew. */
  readonly imageId: string;
  /** When the files were last built into it or found to be in it already, ms since 1970; undefined: not by us. */
  readonly builtMs: number | undefined;
  /** Absolute paths of the host. */
  readonly files: Set<string>;
}

const SAVE_MS = 1000;

export class KnownFiles {
  readonly #file: string;
  readonly #services = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(file: string) {
    this.#file = file;
  }

  static async read({ world }: Session, { name, workingDir }: Project): Promise<KnownFiles> {
    const id = createHash('sha256').update(`${workingDir}\0${name}`).digest('hex').slice(0, 16);
    const known = new KnownFiles(path.join(enginePaths(world.env, world.uid).home, 'projects', id, 'watched.json'));
    for (const [service, written] of Object.entries(await readWritten(known.#file)))
      known.#services.set(service, {
        ...written,
        builtMs: written.builtMs ?? undefined,
        files: new Set(written.files),
      });
    return known;
  }

  /** Adds them to what the image is known to have, or begins with them where the image is another one. */
  note(service: string, imageId: string, files: Iterable<string>, builtMs?: number): void {
    const there = this.#services.get(service);
    const isSame = there?.imageId === imageId;
    const known = {
      imageId,
      builtMs: builtMs ?? (isSame ? there.builtMs : undefined),
      files: isSame ? there.files : new Set<string>(),
    };
    this.#services.set(service, known);
    for (const file of files) this.#add(known, file);
  }

  /** When the image was last seen to be what the files say. */
  builtMs(service: string, imageId: string): number | undefined {
    const known = this.#services.get(service);
    return known?.imageId === imageId ? known.builtMs : undefined;
  }

  mayHave(service: string, file: string): boolean {
    return this.#services.get(service)?.files.has(file) ?? true;
  }

  /** That containers of whatever image were given it. */
  add(service: string, file: string): void {
    const known = this.#services.get(service);
    if (known) this.#add(known, file);
  }

  /** Paths in the container of files that are gone on the host. Rules of the one service. */
  gone(service: string, imageId: string, rules: readonly WatchRule[]): Set<string> {
    const known = this.#services.get(service);
    const targets = new Set<string>();
    if (known?.imageId !== imageId) return targets;
    for (const file of known.files) {
      if (lstatOf(file)) continue;
      for (const rule of rules) {
        const below = rule.action.startsWith('sync') ? pathInRule(rule, file) : undefined;
        if (below !== undefined) targets.add(targetOf(rule, below));
      }
    }
    return targets;
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const written: Record<string, Written> = {};
    for (const [service, { imageId, builtMs = null, files }] of this.#services)
      written[service] = { imageId, builtMs, files: [...files] };
    await mkdir(path.dirname(this.#file), { recursive: true });
    // Another command may be saving too, and so may the timer.
    const draft = `${this.#file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(written), { mode: 0o600 });
    await rename(draft, this.#file);
  }

  #add({ files }: Known, file: string): void {
    if (files.has(file)) return;
    files.add(file);
    this.#timer ??= setTimeout(() => void this.save().catch(() => undefined), SAVE_MS).unref();
  }
}

interface Written {
  readonly imageId: string;
  readonly builtMs: number | null;
  readonly files: readonly string[];
}

/** A file that is damaged is as good as none: more is then taken for new than there is. */
async function readWritten(file: string): Promise<Record<string, Written>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, Written>;
  } catch {
    return {};
  }
}

export interface Builds {
  readonly project: Project;
  readonly built: readonly { readonly service: string; readonly image: string }[];
  /** Files that changed before this were what was built. */
  readonly beganMs: number;
}

/** After builds, for a watcher that may come later. */
export async function noteBuilt(session: Session, engine: EngineClient, builds: Builds): Promise<void> {
  const { project, built, beganMs } = builds;
  const rules = await readRules(project, new Set(built.map(({ service }) => service)));
  if (rules.length === 0) return;
  const known = await KnownFiles.read(session, project);
  for (const { service, image } of built) {
    const found = await inspectImage(engine, image);
    if (found) known.note(service, found.Id, await filesOf(rules, service), beganMs);
  }
  await known.save();
}

/** Files and folders of the host that a service's rules copy, their own paths included. */
export async function filesOf(rules: readonly WatchRule[], service: string): Promise<string[]> {
  const own = rules.filter((rule) => rule.service === service && rule.action.startsWith('sync'));
  return (await Promise.all(own.map((rule) => pathsOf(rule)))).flat().concat(own.map((rule) => rule.path));
}
