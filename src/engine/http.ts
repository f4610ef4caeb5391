import http from 'node:http';
import type { Readable } from 'node:stream';
import { PatientAgent } from './patient-agent.js';

/** Where an engine answers: a unix socket, or a host and port. */
export type Address = { readonly socketPath: string } | { readonly host: string; readonly port: number };

export interface RequestOptions {
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** An object is sent as JSON, a stream or a buffer as it is. */
  readonly body?: object | Readable | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

type QueryValue = string | number | boolean | undefined | null | object;

/** Objects become JSON (`filters`), undefined and null are left out. */
export function queryString(query: RequestOptions['query']): string {
  const pairs = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      return `${encodeURIComponent(key)}=${encodeURIComponent(text)}`;
    });
  return pairs.length ? `?${pairs.join('&')}` : '';
}

/**
 * HTTP to one engine over connections that are kept. The answer's body is not read yet.
 * Rejects with the socket's error (`ENOENT`, `ECONNREFUSED`, `ECONNRESET`) when the engine is not there.
 */
export class HttpClient {
  private readonly agent: http.Agent;

  constructor(
    readonly address: Address,
    connections: number,
  ) {
    this.agent = new PatientAgent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  }

  send(
    method: string,
    path: string,
    options: RequestOptions = {},
    ownConnection = false,
  ): Promise<http.IncomingMessage> {
    const { body } = options;
    const isStream = body !== undefined && typeof (body as Readable).pipe === 'function';
    const json = body !== undefined && !isStream && !Buffer.isBuffer(body) ? JSON.stringify(body) : undefined;
    const headers: Record<string, string | number> = { ...options.headers };
    if (json !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(json);
    } else if (body === undefined && method !== 'GET' && method !== 'HEAD') headers['content-length'] = 0;
    return new Promise((resolve, reject) => {
      const request = http.request({
        ...this.address,
        method,
        path: `${path}${queryString(options.query)}`,
        headers: { host: 'engine', ...headers },
        agent: ownConnection ? new PatientAgent() : this.agent,
        signal: options.signal,
      });
      request.on('response', resolve);
      request.on('error', reject);
      if (isStream) {
        (body as Readable).on('error', (error) => request.destroy(error));
        (body as Readable).pipe(request);
      } else request.end(json ?? (body as Buffer | undefined));
    });
  }

  /** Asks for the connection itself (`101` or `200` and then raw bytes both ways). */
  upgrade(path: string, options: RequestOptions = {}): Promise<Upgraded> {
    const json = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const request = http.request({
        ...this.address,
        method: 'POST',
        path: `${path}${queryString(options.query)}`,
        headers: {
          host: 'engine',
          connection: 'Upgrade',
          upgrade: 'tcp',
          ...(json === undefined
            ? { 'content-length': 0 }
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
        },
        agent: new PatientAgent(),
      });
      request.on('upgrade', (response, socket, head) =>
        resolve({ response, socket: socket as Upgraded['socket'], head }),
      );
      request.on('response', (response) => resolve({ response, socket: undefined, head: Buffer.alloc(0) }));
      request.on('error', reject);
      request.end(json);
    });
  }

  close() {
    this.agent.destroy();
  }
}

export interface Upgraded {
  readonly response: http.IncomingMessage;
  /** Undefined: the engine answered otherwise (an error, most likely). */
  readonly socket: import('node:net').Socket | undefined;
  /** Bytes that came with the head. */
  readonly head: Buffer;
}
