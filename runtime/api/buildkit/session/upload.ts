/** What a client was given on its standard input, and offers under a URL of its session. */
import { Readable } from 'node:stream';
import type { Session } from './sessions.js';

const method = '/moby.upload.v1.Upload/Pull';
const prefix = 'http://buildkit-session/';

/** Contexts that came as the body of a request, under URLs that only this engine knows. */
export class Uploads {
  readonly #bodies = new Map<string, Readable>();
  readonly #awaited = new Map<string, (body: Readable) => void>();

  /** Resolves with the URL for a build's `context`. */
  add(id: string, body: Readable): string {
    const url = `${uploadScheme}${id}`;
    this.#bodies.set(url, body);
    this.#awaited.get(id)?.(body);
    return url;
  }

  /** Waits for a body that is sent in another request; resolves with its URL. */
  async announced(id: string, signal: AbortSignal): Promise<string> {
    const url = `${uploadScheme}${id}`;
    if (this.#bodies.has(url)) return url;
    await new Promise<void>((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      this.#awaited.set(id, () => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
    }).finally(() => this.#awaited.delete(id));
    return url;
  }

  /** Once; undefined for any other URL. */
  take(url: string): Readable | undefined {
    const body = this.#bodies.get(url);
    this.#bodies.delete(url);
    return body;
  }
}

const uploadScheme = 'devenv-upload://';

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
