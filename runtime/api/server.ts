/** HTTP on a unix socket: request → version → route → handler → answer. */
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { EngineError } from '../errors.js';
import { Activity } from './activity.js';
import { errorAnswer, isUnexpected, pageNotFound, traceOf } from './errors.js';
import { Query } from './request.js';
import { type Answer, type Call, compileRoutes, type FindRoute, type Route, streamed } from './routes.js';
import { turnAway } from './turn-away.js';
import { takeUpgraded } from './upgrade.js';
import { availableIn, maximumVersion, negotiate, splitVersion } from './versions/negotiation.js';

export interface ApiOptions {
  readonly routes: readonly Route[];
  /** `Server` header. */
  readonly product: string;
  /** One line (or a stack) for the engine's log. */
  readonly log: (text: string) => void;
  /** Why who opened this connection may not ask; undefined for those who may. All may unless it is given. */
  readonly refuse?: (socket: Socket) => Promise<string | undefined>;
  /** How long a head, and a body that is read whole, may take to come. */
  readonly patience?: Patience;
}

export interface Patience {
  readonly headMs: number;
  readonly bodyMs: number;
}

const PATIENCE: Patience = { headMs: 30_000, bodyMs: 60_000 };
/** As Go's servers: log-ins for a dozen registries come in one header. */
const HEAD_BYTES = 1 << 20;
/** How often heads that are late are looked for. */
const LOOKS_PER_PATIENCE = 6;

/** Certificate, key and authorities (PEM) of a listener that other machines may reach. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Who signs the certificates of clients. */
  readonly ca: Buffer;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Readable;
  readonly upgrade?: Call['upgrade'];
}

/** Aborts when the connection closes before the answer was complete. Made only for those who ask. */
function abortSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed || response.socket?.destroyed) controller.abort();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

function makeCall(
  exchange: Exchange,
  params: Readonly<Record<string, string>>,
  query: string,
  call: Pick<Call, 'version' | 'bodyLimitMs'>,
): Call {
  let signal: AbortSignal | undefined;
  return {
    request: exchange.request,
    response: exchange.response,
    body: exchange.body,
    upgrade: exchange.upgrade,
    params,
    query: new Query(query),
    ...call,
    get signal() {
      signal ??= abortSignal(exchange.response);
      return signal;
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, json, text, headers } = answer;
  const body = text ?? (json === undefined ? undefined : `${JSON.stringify(json)}\n`);
  if (body !== undefined)
    response.setHeader('Content-Type', text === undefined ? 'application/json' : 'text/plain; charset=utf-8');
  if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status, headers);
  response.end(body);
}

/** The embedded engine's API, not listening yet. */
export class ApiServer {
  readonly activity = new Activity();
  /** The first one is this machine's. */
  readonly #servers: Server[];
  readonly #find: FindRoute;
  readonly #patience: Patience;
  readonly #refusals = new WeakMap<Socket, Promise<string | undefined>>();

  constructor(readonly options: ApiOptions) {
    this.#find = compileRoutes(options.routes);
    this.#patience = options.patience ?? PATIENCE;
    this.#servers = [createServer(this.#limits(), (request, response) => this.#answer(request, response))];
    this.#attend(this.#local);
    const { refuse } = options;
    if (refuse) this.#local.on('connection', (socket: Socket) => this.#refusals.set(socket, refuse(socket)));
  }

  /** Listens at the path, where only this user may connect; or takes over a socket that does so already. */
  async listen(where: string | { readonly fd: number }): Promise<void> {
    // The mask keeps others out between bind and chmod.
    const mask = process.umask(0o177);
    const listening = beginListening(this.#local, where);
    process.umask(mask);
    await listening;
    if (typeof where === 'string') await chmod(where, 0o600);
  }

  /** Listens for clients of other machines, who show a certificate that `ca` has signed. Resolves with the port. */
  async listenTls(where: { readonly host: string; readonly port: number }, material: TlsMaterial): Promise<number> {
    const { createServer: createTlsServer } = await import('node:https');
    const proof = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
    // A client's input may end before its output does.
    const options = { ...this.#limits(), ...material, ...proof, allowHalfOpen: true };
    const server = createTlsServer({ ...options, handshakeTimeout: this.#patience.headMs }, (request, response) =>
      this.#answer(request, response),
    );
    this.#attend(server);
    this.#servers.push(server);
    await beginListening(server, where);
    return (server.address() as AddressInfo).port;
  }

  get #local(): Server {
    return this.#servers[0]!;
  }

  /** Bodies may take hours (an image, a build's context); what is read whole has a limit of its own (request.ts). */
  #limits(): ServerOptions {
    const { headMs } = this.#patience;
    return {
      maxHeaderSize: HEAD_BYTES,
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: headMs,
      connectionsCheckingInterval: headMs / LOOKS_PER_PATIENCE,
    };
  }

  #attend(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      void this.#serveUpgrade(request, socket, head);
    });
    server.on('clientError', (error, socket) => turnAway(error, socket as Socket));
    this.activity.watch(server);
  }

  /** Takes no more connections and cuts those that are open. The file of a socket that was taken over is its maker's to remove. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.activity.cut();
    await Promise.all(closed);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    void this.#serve({ request, response, body: request });
  }

  async #serveUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const taken = await takeUpgraded({ request, socket, head }, this.#patience.bodyMs);
    const protocol = (request.headers.upgrade ?? '').toLowerCase();
    const { response, body, head: rest } = taken;
    await this.#serve({ request, response, body, upgrade: { protocol, socket, head: rest } });
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    // A client that takes us for a proxy names us in full (RFC 9112, 3.2.2).
    const url = (request.url ?? '').replace(/^http:\/\/[^/?]*/, '') || '/';
    const at = url.indexOf('?');
    const { text, path } = splitVersion(at < 0 ? url : url.slice(0, at));
    response.setHeader('Api-Version', maximumVersion);
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', this.options.product);
    try {
      const refusal = await this.#refusals.get(request.socket);
      if (refusal !== undefined) throw new EngineError('forbidden', refusal);
      const clean = path.replace(/\/{2,}/g, '/');
      if (clean !== path) return send(response, { status: 301, headers: { location: url.replace(path, clean) } });
      const match = this.#find(request.method ?? 'GET', path);
      if (!match && request.method !== 'OPTIONS') return send(response, pageNotFound);
      const version = negotiate(text);
      if (!match) return send(response, { status: 200 });
      if (!availableIn(version, match.route)) return send(response, pageNotFound);
      const call = makeCall(exchange, match.params, at < 0 ? '' : url.slice(at + 1), {
        version,
        bodyLimitMs: this.#patience.bodyMs,
      });
      const answer = await match.route.handle(call);
      if (answer !== streamed) send(response, answer);
    } catch (error) {
      if (isUnexpected(error) && !isLeaving(error, exchange))
        this.options.log(`${request.method} ${url}: ${traceOf(error)}`);
      send(response, errorAnswer(error));
    }
  }
}

/** A client that went, or whose body broke off, ends what was done for it: nobody is to be told. */
function isLeaving(error: unknown, { request, response }: Exchange): boolean {
  if (request.errored !== null && request.errored === error) return true;
  return response.destroyed && error instanceof Error && error.name === 'AbortError';
}

function beginListening(server: Server, where: string | ListenOptions | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
}
