/** HTTP on a unix socket: request → version → route → handler → answer. */
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Activity } from './activity.js';
import { errorAnswer, isUnexpected, pageNotFound } from './errors.js';
import { Query } from './request.js';
import { type Answer, type Call, compileRoutes, type FindRoute, type Route, streamed } from './routes.js';
import { takeUpgraded } from './upgrade.js';
import { availableIn, maximumVersion, negotiate, splitVersion } from './versions/negotiation.js';

export interface ApiOptions {
  readonly routes: readonly Route[];
  /** `Server` header. */
  readonly product: string;
  /** One line (or a stack) for the engine's log. */
  readonly log: (text: string) => void;
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
  call: Pick<Call, 'version'>,
): Call {
  let signal: AbortSignal | undefined;
  return {
    request: exchange.request,
    response: exchange.response,
    body: exchange.body,
    upgrade: exchange.upgrade,
    params,
    query: new Query(query),
    version: call.version,
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
  readonly #server: Server;
  readonly #find: FindRoute;

  constructor(readonly options: ApiOptions) {
    this.#find = compileRoutes(options.routes);
    // Bodies may take hours (an image, a build's context); what is read whole has a limit of its own (request.ts).
    const patience = {
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
    };
    this.#server = createServer(patience, (request, response) => {
      void this.#serve({ request, response, body: request });
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      void this.#serveUpgrade(request, socket, head);
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.activity.watch(this.#server);
  }

  /** Listens at the path, where only this user may connect; or takes over a socket that does so already. */
  async listen(where: string | { readonly fd: number }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      // The mask keeps others out between bind and chmod.
      const mask = process.umask(0o177);
      this.#server.listen(where, resolve);
      process.umask(mask);
    });
    if (typeof where === 'string') await chmod(where, 0o600);
  }

  /** Takes no more connections and cuts those that are open. The file of a socket that was taken over is its maker's to remove. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.activity.cut();
    await closed;
  }

  async #serveUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { response, body, head: rest } = await takeUpgraded(request, socket, head);
    const protocol = (request.headers.upgrade ?? '').toLowerCase();
    await this.#serve({ request, response, body, upgrade: { protocol, socket, head: rest } });
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const url = request.url ?? '/';
    const at = url.indexOf('?');
    const { text, path } = splitVersion(at < 0 ? url : url.slice(0, at));
    response.setHeader('Api-Version', maximumVersion);
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', this.options.product);
    try {
      const version = negotiate(text);
      const clean = path.replace(/\/{2,}/g, '/');
      if (clean !== path) return send(response, { status: 301, headers: { location: url.replace(path, clean) } });
      if (request.method === 'OPTIONS') return send(response, { status: 200 });
      const match = this.#find(request.method ?? 'GET', path);
      if (!match || !availableIn(version, match.route)) return send(response, pageNotFound);
      const call = makeCall(exchange, match.params, at < 0 ? '' : url.slice(at + 1), { version });
      const answer = await match.route.handle(call);
      if (answer !== streamed) send(response, answer);
    } catch (error) {
      if (isUnexpected(error) && !isLeaving(error, response))
        this.options.log(`${request.method} ${url}: ${error instanceof Error ? error.stack : String(error)}`);
      send(response, errorAnswer(error));
    }
  }
}

/** A client that went ends what was done for it: nobody is to be told. */
function isLeaving(error: unknown, response: ServerResponse): boolean {
  return response.destroyed && error instanceof Error && error.name === 'AbortError';
}
