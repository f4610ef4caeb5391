/** Begins to watch a project that is up, with everything that tells of it. */
import { createHash } from 'node:crypto';
import type { LoadedProject } from '../../model/project.js';
import { openEventStream } from '../../web/event-stream.js';
import type { Session } from '../session.js';
import { createReporter, type WatchNews } from './report.js';
import { Watching, type WatchingOptions } from './watching.js';

export interface Watch {
  readonly watching: Watching;
  /** Ends when it is closed. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Undefined when no service has anything to watch. */
export async function startWatch(
  session: Session,
  loaded: LoadedProject,
  options: WatchingOptions,
): Promise<Watch | undefined> {
  const { terminal, world } = session;
  const listeners: ((news: WatchNews) => void)[] = [];
  const reporter = createReporter({
    terminal,
    place: { stderr: process.stderr, env: world.env, cwd: world.cwd },
    json: session.options.progress === 'json',
    tell: (news) => {
      for (const listener of listeners) listener(news);
    },
  });
  const watching = new Watching(session, loaded, options, reporter);
  if (!(await watching.begin())) return undefined;
  const stream = await openEventStream(portOf(loaded.project.workingDir, loaded.project.name));
  listeners.push((news) => stream.send(news.event, news));
  reporter.notice(`pages may listen at ${stream.url}`);
  const done = watching.run();
  const close = async () => {
    await watching.close();
    await stream.close();
    await done;
  };
  return { watching, done, close };
}

/** The same for a checkout each time, so that pages find it again: 41000 to 42999. */
function portOf(folder: string, name: string): number {
  const digest = createHash('sha256').update(`${folder}\0${name}`).digest();
  return 41_000 + (digest.readUInt16BE(0) % 2000);
}
