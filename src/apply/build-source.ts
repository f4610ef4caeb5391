/** Where the files of a build come from, and how the engine gets them. */
import { Readable } from 'node:stream';
import { findContext, openContext } from './build-context.js';
import type { ApplyContext } from './context.js';

export interface BuildSource {
  readonly body: Readable;
  /** The body, where it is the Dockerfile's text. */
  readonly text?: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** Our own engine reads a folder where it is: nothing is sent. Others are sent a tar. Throws UserError. */
export async function buildSource(
  service: string,
  { project, locate, engine }: Pick<ApplyContext, 'project' | 'locate' | 'engine'>,
): Promise<BuildSource> {
  const build = project.services[service]!.build!;
  if (!engine.own) {
    const { tar, dockerfile, remote } = await openContext(build, locate, service);
    return { body: tar, query: { dockerfile, remote } };
  }
  const place = await findContext(build, locate, service);
  const { dockerfile } = place;
  if ('remote' in place) return { body: Readable.from([]), query: { dockerfile, remote: place.remote } };
  const text = place.extra[dockerfile];
  if (text === undefined) return { body: Readable.from([]), query: { localcontext: place.root, dockerfile } };
  return {
    body: Readable.from([text]),
    text,
    query: { localcontext: place.root, dockerfile: build.dockerfile ?? 'Dockerfile' },
  };
}
