/** Which packages an image has: Debian's or Alpine's records, read out of it without running it. */
import type { Readable } from 'node:stream';
import tar from 'tar-stream';
import type { EngineClient } from '../../engine/client.js';
import { createContainer, getArchive, removeContainer } from '../../engine/containers.js';
import { isStatus } from '../../engine/errors.js';
import { inspectImage } from '../../engine/images.js';
import { readPackages } from '../../parity/diff.js';

const records = [
  ['dpkg', '/var/lib/dpkg/status'],
  ['apk', '/lib/apk/db/installed'],
] as const;

/** Undefined when the engine does not have the image, or when it has neither record. */
export async function packagesOf(engine: EngineClient, image: string): Promise<Record<string, string> | undefined> {
  if (!(await inspectImage(engine, image))) return undefined;
  const { Id: id } = await createContainer(engine, '', { Image: image, Cmd: ['packages'] });
  try {
    for (const [kind, file] of records) {
      const text = await readFile(engine, id, file);
      if (text !== undefined) return readPackages(kind, text);
    }
    return undefined;
  } finally {
    await removeContainer(engine, id, { volumes: true, force: true });
  }
}

async function readFile(engine: EngineClient, id: string, file: string): Promise<string | undefined> {
  try {
    const extract = tar.extract();
    ((await getArchive(engine, id, file)) as Readable).pipe(extract as unknown as NodeJS.WritableStream);
    for await (const entry of extract) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    }
    return undefined;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}
