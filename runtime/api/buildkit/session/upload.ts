/** What a client was given on its standard input, and offers under a URL of its session. */
import { Readable } from 'node:stream';
import type { Session } from './sessions.js';

const method = '/moby.upload.v1.Upload/Pull';
const prefix = 'http://buildkit-session/';

/** Undefined for a URL of the world. */
export function uploadPath(url: string): string | undefined {
  return url.startsWith(prefix) ? url.slice(prefix.length) : undefined;
}

/** The bytes of an upload, once. */
export function pullUpload(session: Session, path: string, signal: AbortSignal): Readable {
  return Readable.from(chunks(session, path, signal), { objectMode: false });
}

async function* chunks(session: Session, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const call = session.client.call(method, { urlpath: path }, signal);
  call.endSend();
  for await (const message of call.messages()) yield session.client.codec.decode('Bytes', message).data;
}
