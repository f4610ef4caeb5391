import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A registry in memory that can be made to lie, break off and refuse. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** By digest. */
  readonly blobs: Map<string, Buffer>;
  /** By `REPOSITORY/TAG` and `REPOSITORY/DIGEST`. */
  readonly manifests: Map<string, { bytes: Buffer; type: string }>;
  /** `METHOD path` of every request. */
  readonly log: string[];
  /** Sees a request first; true: it has answered. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  putBlob(bytes: Buffer): { digest: string; size: number };
  putManifest(repository: string, tag: string, manifest: object, type?: string): string;
  close(): Promise<void>;
}

export const digestText = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

export async function startFakeRegistry(): Promise<FakeRegistry> {
  const server = createServer((request, response) => {
    answer(registry, request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: FakeRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs: new Map(),
    manifests: new Map(),
    log: [],
    intercept: () => false,
    putBlob(bytes) {
      registry.blobs.set(digestText(bytes), bytes);
      return { digest: digestText(bytes), size: bytes.length };
    },
    putManifest(repository, tag, manifest, type = manifestType) {
      const bytes = Buffer.from(JSON.stringify(manifest));
      registry.manifests.set(`${repository}/${tag}`, { bytes, type });
      registry.manifests.set(`${repository}/${digestText(bytes)}`, { bytes, type });
      return digestText(bytes);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
}

async function answer(registry: FakeRegistry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  registry.log.push(`${request.method} ${url.pathname}`);
  if (await registry.intercept(request, response)) return;
  const [, repository = '', kind, name = ''] = /^\/v2\/(.+?)\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? [];
  if (url.pathname === '/v2/') response.end('{}');
  else if (kind === 'manifests') await manifests(registry, request, response, repository, name);
  else if (kind === 'blobs' && name.startsWith('uploads/')) await uploads(registry, request, response, url);
  else if (kind === 'blobs') blob(registry, request, response, name);
  else refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
}

export function refuse(response: ServerResponse, status: number, code: string, message: string): true {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
  return true;
}

async function manifests(
  registry: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
  repository: string,
  name: string,
): Promise<void> {
  if (request.method === 'PUT') {
    const bytes = await buffer(request);
    const entry = { bytes, type: request.headers['content-type'] ?? '' };
    registry.manifests.set(`${repository}/${name}`, entry);
    registry.manifests.set(`${repository}/${digestText(bytes)}`, entry);
    response.writeHead(201, { location: request.url, 'docker-content-digest': digestText(bytes) }).end();
    return;
  }
  const found = registry.manifests.get(`${repository}/${name}`);
  if (!found) refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  else {
    const headers = { 'content-type': found.type, 'content-length': found.bytes.length };
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : found.bytes);
  }
}

function blob(registry: FakeRegistry, request: IncomingMessage, response: ServerResponse, digest: string): void {
  const bytes = registry.blobs.get(digest);
  if (!bytes) {
    refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(from));
}

/** One upload at a time is enough: POST, PATCH, PUT, all at the same place. */
const uploading = new WeakMap<FakeRegistry, Buffer[]>();

async function uploads(
  registry: FakeRegistry,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const chunks = uploading.get(registry) ?? [];
  const mounted = url.searchParams.get('mount');
  if (request.method === 'POST' && mounted && registry.blobs.has(mounted)) {
    response.writeHead(201).end();
    return;
  }
  if (request.method === 'POST') {
    const id = chunks.push(Buffer.alloc(0)) - 1;
    uploading.set(registry, chunks);
    response.writeHead(202, { location: `${url.pathname}${id}`, 'docker-upload-uuid': String(id), range: '0-0' }).end();
    return;
  }
  const id = Number(url.pathname.split('/').at(-1));
  chunks[id] = Buffer.concat([chunks[id] ?? Buffer.alloc(0), await buffer(request)]);
  if (request.method === 'PATCH') {
    const range = `0-${Math.max(0, chunks[id].length - 1)}`;
    response.writeHead(202, { location: url.pathname, 'docker-upload-uuid': String(id), range }).end();
    return;
  }
  if (url.searchParams.get('digest') !== digestText(chunks[id])) {
    refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    return;
  }
  const { digest } = registry.putBlob(chunks[id]);
  const location = url.pathname.replace(/uploads\/.*$/, digest);
  response.writeHead(201, { location, 'docker-content-digest': digest }).end();
}
