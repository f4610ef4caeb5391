/** The route table: which handler answers a method and a path. A path is as in the API's reference, without its version. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import Router from 'find-my-way';
import type { Query } from './request.js';
import type { ApiVersion } from './versions/negotiation.js';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** One request on its way through a handler. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the client sends behind its head, whether it asks for an upgrade or not. */
  readonly body: Readable;
  /** How long a body that is read whole may take to come. */
  readonly bodyLimitMs: number;
  /** Decoded parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly version: ApiVersion;
  /** The connection of a client that asks for an upgrade (`Upgrade: tcp`, `websocket`, `h2c`), undefined for all others. */
  readonly upgrade: { readonly protocol: string; readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
}

/** What to send. Undefined `json` and `text` mean no body. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A handler that wrote to the response or hijacked the connection itself returns this. */
export const streamed = Symbol('streamed');

export type Handler = (call: Call) => Promise<Answer | typeof streamed> | Answer | typeof streamed;

export interface Route {
  readonly method: Method;
  /** `/containers/:id/json`; a part that ends in `*` may hold slashes (`/images/:name*` followed by a fixed rest). */
  readonly path: string;
  /** First and last API version that has it. */
  readonly since?: `1.${number}`;
  readonly until?: `1.${number}`;
  readonly handle: Handler;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export type FindRoute = (method: string, path: string) => Match | undefined;

interface Candidate {
  readonly route: Route;
  /** Name of the part that may hold slashes, and the fixed rest behind it. */
  readonly wildcard?: { readonly name: string; readonly rest: string };
}

/** `200` with a JSON body. */
export const ok = (json: unknown): Answer => ({ status: 200, json });
export const created = (json: unknown): Answer => ({ status: 201, json });
export const noContent: Answer = { status: 204 };

function register(grouped: Map<string, Candidate[]>, route: Route) {
  const wild = /^(.*\/):([a-z]+)\*(.*)$/.exec(route.path);
  const pattern = wild ? `${wild[1]}*` : route.path;
  const key = `${route.method} ${pattern}`;
  const candidate: Candidate = wild ? { route, wildcard: { name: wild[2]!, rest: wild[3]! } } : { route };
  grouped.set(key, [...(grouped.get(key) ?? []), candidate]);
}

function pick(candidates: readonly Candidate[], params: Readonly<Record<string, string>>): Match | undefined {
  for (const { route, wildcard } of candidates) {
    if (!wildcard) return { route, params };
    const whole = params['*'] ?? '';
    const length = whole.length - wildcard.rest.length;
    if (length > 0 && whole.endsWith(wildcard.rest))
      return { route, params: { [wildcard.name]: whole.slice(0, length) } };
  }
  return undefined;
}

/** Compiles the table once; of several routes with the same open beginning the one with the longest fixed rest wins. */
export function compileRoutes(routes: readonly Route[]): FindRoute {
  const router = Router({ maxParamLength: 4096 });
  const grouped = new Map<string, Candidate[]>();
  for (const route of routes) register(grouped, route);
  for (const [key, candidates] of grouped) {
    const [method, pattern] = key.split(' ') as [Method, string];
    candidates.sort((a, b) => (b.wildcard?.rest.length ?? 0) - (a.wildcard?.rest.length ?? 0));
    router.on(method, pattern, () => undefined, candidates);
  }
  return (method, path) => {
    const found = router.find(method as Method, path);
    return found ? pick(found.store as Candidate[], found.params as Record<string, string>) : undefined;
  };
}
