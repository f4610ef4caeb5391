import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { openSecureContexts } from './certificates.js';
import { isInsecure, proxyFor } from './hosts.js';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; of a repeated header the first value. */
  header(name: string): string | undefined;
  readonly body: Readable;
  text(): Promise<string>;
  bytes(limit: number): Promise<Buffer>;
  discard(): Promise<void>;
  readonly url: string;
}

/** Plain HTTP with connections kept, proxies and redirects of reads; whatever status comes is an answer. */
export interface Transport {
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const CONNECT_MS = 10_000;
const HEADERS_MS = 60_000;
const BODY_MS = 60_000;
/** As many as Go's clients follow. */
const REDIRECTS_MAX = 10;
/** Tokens, refusals, lists of tags. */
const TEXT_BYTES_MAX = 4 << 20;

type Environment = Readonly<Record<string, string | undefined>>;

export function openTransport(environment: Environment): Transport {
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const secureContext = openSecureContexts(environment);

  function dispatcherFor(url: URL): Promise<Dispatcher> {
    const proxy = proxyFor(url, environment);
    const insecure = isInsecure(url.host, environment);
    const key = `${proxy ?? ''} ${insecure} ${url.protocol === 'https:' ? url.host : ''}`;
    const dispatcher = dispatchers.get(key) ?? makeDispatcher(url, { proxy, insecure, secureContext });
    dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  async function sendOnce(request: HttpRequest, url: URL): Promise<HttpAnswer> {
    const dispatcher = await dispatcherFor(url);
    const answer = await dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method as Dispatcher.HttpMethod,
      headers: { 'user-agent': 'devenv', ...request.headers },
      body: request.body,
      signal: request.signal,
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
    });
    return describe(answer, url.href);
  }

  return {
    async send(request) {
      let url = new URL(request.url);
      let headers = { ...request.headers };
      for (let hops = 0; ; hops++) {
        const answer = await sendOnce({ ...request, headers }, url);
        const target = redirectOf(answer, request.method);
        if (target === undefined) return answer;
        await answer.discard();
        if (hops === REDIRECTS_MAX) throw new Error(`stopped after ${REDIRECTS_MAX} redirects`);
        const next = new URL(target, url);
        // A signed URL elsewhere refuses a second way of being authorised, and has no business with our token.
        if (!sharesTrust(url, next)) headers = withoutAuthorization(headers);
        url = next;
      }
    },
    async close() {
      const open = await Promise.all(dispatchers.values());
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

interface Way {
  readonly proxy: string | undefined;
  readonly insecure: boolean;
  readonly secureContext: ReturnType<typeof openSecureContexts>;
}

async function makeDispatcher(url: URL, { proxy, insecure, secureContext }: Way): Promise<Dispatcher> {
  // Loaded when a registry is first asked: an engine that never pulls does not pay for it.
  const undici = await import('undici');
  const context = url.protocol === 'https:' && (await secureContext(url.host, { isChecked: !insecure }));
  const connect = {
    timeout: CONNECT_MS,
    rejectUnauthorized: !insecure,
    ...(context && { secureContext: context }),
  };
  if (proxy === undefined) return new undici.Agent({ connect, keepAliveTimeout: 10_000 });
  // As Go does: many proxies open a tunnel to port 443 alone, and are asked for a plain URL as it is.
  const proxyTunnel = url.protocol === 'https:';
  return new undici.ProxyAgent({ uri: proxy, proxyTunnel, requestTls: connect, proxyTls: { timeout: CONNECT_MS } });
}

/** Whether `to` may hear what was meant for `from`: the same host, and not in plain text when that was not. */
export function sharesTrust(from: URL, to: URL): boolean {
  return from.host === to.host && (from.protocol !== 'https:' || to.protocol === 'https:');
}

function redirectOf(answer: HttpAnswer, method: string): string | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  return isRead && [301, 302, 303, 307, 308].includes(answer.status) ? answer.header('location') : undefined;
}

function withoutAuthorization(headers: Record<string, string>): Record<string, string> {
  const { authorization: _, ...rest } = headers;
  return rest;
}

async function atMost(limit: number, answer: Dispatcher.ResponseData, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Error(`${url} is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function describe(answer: Dispatcher.ResponseData, url: string): HttpAnswer {
  return {
    status: answer.statusCode,
    url,
    body: answer.body,
    header(name) {
      const value = answer.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    text: async () => (await atMost(TEXT_BYTES_MAX, answer, url)).toString('utf8'),
    bytes: (limit) => atMost(limit, answer, url),
    discard: async () => {
      await answer.body.dump();
    },
  };
}
