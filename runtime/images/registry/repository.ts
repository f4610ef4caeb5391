import type { Readable } from 'node:stream';
import { EngineError } from '../../errors.js';
import { digestOf } from '../digest.js';
import { mediaTypes } from '../manifest.js';
import type { Digest } from '../types.js';
import type { Connection } from './connection.js';
import { RegistryAnswer } from './failures.js';
import type { HttpAnswer } from './transport.js';

/** What the distribution spec offers of one repository, in terms of content. */
export interface Repository {
  readonly host: string;
  /** By tag or digest. Its digest is computed here; one that was asked for by digest has that digest. */
  manifest(reference: string): Promise<{ bytes: Buffer; digest: Digest; mediaType: string | undefined }>;
  /** From byte `from` on; `signal` in place of the connection's own; `partial` false: the registry knows no ranges and sends all of it. */
  blob(digest: Digest, from: number, signal?: AbortSignal): Promise<{ body: Readable; partial: boolean }>;
  /** All tags, page by page (distribution spec, "Listing Tags"). */
  tags(): Promise<string[]>;
  blobExists(digest: Digest): Promise<boolean>;
  /** True when the registry now has the blob in this repository, taken from another. */
  mount(digest: Digest, from: string): Promise<boolean>;
  /**
   * Sends what `open` gives; after 429, 5xx and broken connections from its beginning again. `digest` is asked for when
   * all of it has been read.
   */
  upload(open: () => UploadContent | Promise<UploadContent>, digest: () => Digest): Promise<void>;
  putManifest(reference: string, bytes: Uint8Array, mediaType: string): Promise<void>;
}

export type UploadContent = Readable | Uint8Array;

const MANIFEST_BYTES_MAX = 4 << 20;
/** Of a list of tags, which may lead in a circle. */
const PAGES_MAX = 1000;
const accepted = [mediaTypes.ociIndex, mediaTypes.dockerList, mediaTypes.ociManifest, mediaTypes.dockerManifest].join(
  ', ',
);

export function openRepository(connection: Connection, name: string): Repository {
  async function exists(path: string): Promise<boolean> {
    try {
      const answer = await connection.send({ method: 'HEAD', path });
      await answer.discard();
      return true;
    } catch (error) {
      if (error instanceof RegistryAnswer && error.status === 404) return false;
      throw error;
    }
  }

  async function sendContent(open: Parameters<Repository['upload']>[0]): Promise<HttpAnswer> {
    const begun = await connection.send({ method: 'POST', path: `${name}/blobs/uploads/`, once: true });
    await begun.discard();
    const content = await open();
    try {
      const headers = { 'content-type': 'application/octet-stream' };
      const path = locationOf(begun);
      const sent = await connection.send({ method: 'PATCH', path, headers, body: content, once: true });
      await sent.discard();
      return sent;
    } finally {
      if ('destroy' in content) content.destroy();
    }
  }

  return {
    host: connection.host,
    async manifest(reference) {
      const path = `${name}/manifests/${reference}`;
      const answer = await connection.send({ method: 'GET', path, headers: { accept: accepted } });
      const bytes = await answer.bytes(MANIFEST_BYTES_MAX);
      const digest = digestOf(bytes);
      checkManifest(digest, reference, answer.header('docker-content-digest'));
      return { bytes, digest, mediaType: answer.header('content-type')?.split(';')[0]?.trim() };
    },
    async blob(digest, from, signal) {
      const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
      const answer = await connection.send({ method: 'GET', path: `${name}/blobs/${digest}`, headers, signal });
      const start = /^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1];
      if (answer.status === 206 && start !== undefined && Number(start) !== from) {
        answer.body.destroy();
        throw new EngineError('system', `${answer.url} was asked for bytes from ${from} and answers from ${start}`);
      }
      return { body: answer.body, partial: answer.status === 206 };
    },
    async tags() {
      const tags: string[] = [];
      let path: string | undefined = `${name}/tags/list`;
      for (let pages = 0; path !== undefined && pages < PAGES_MAX; pages++) {
        const answer: HttpAnswer = await connection.send({ method: 'GET', path });
        const page = JSON.parse(await answer.text()) as { tags?: string[] | null } | null;
        for (const tag of page?.tags ?? []) tags.push(tag);
        const next = /<([^>]+)>;\s*rel="?next"?/.exec(answer.header('link') ?? '')?.[1];
        path = next === undefined ? undefined : new URL(next, answer.url).href;
      }
      return tags;
    },
    blobExists: (digest) => exists(`${name}/blobs/${digest}`),
    async mount(digest, from) {
      const query = new URLSearchParams({ mount: digest, from });
      const answer = await connection.send({ method: 'POST', path: `${name}/blobs/uploads/?${query}` });
      await answer.discard();
      return answer.status === 201;
    },
    async upload(open, digest) {
      const sent = await connection.repeat(() => sendContent(open));
      const end = new URL(locationOf(sent));
      end.searchParams.set('digest', digest());
      await (await connection.send({ method: 'PUT', path: end.href, body: '' })).discard();
    },
    async putManifest(reference, bytes, mediaType) {
      const headers = { 'content-type': mediaType };
      await (
        await connection.send({ method: 'PUT', path: `${name}/manifests/${reference}`, headers, body: bytes })
      ).discard();
    },
  };
}

function locationOf(answer: { header(name: string): string | undefined; readonly url: string }): string {
  const location = answer.header('location');
  if (!location) throw new EngineError('system', `${answer.url} gave no upload location`);
  return new URL(location, answer.url).href;
}

/** Asked for by digest, it must be that; else what the registry itself says of it must be true. */
function checkManifest(digest: Digest, reference: string, said: string | undefined): void {
  const wanted = reference.startsWith('sha256:') ? reference : said?.startsWith('sha256:') ? said : undefined;
  if (wanted === undefined || wanted === digest) return;
  throw new EngineError('invalid', `manifest verification failed for digest ${wanted}: its content is ${digest}`);
}
