/**
 * `GET /_devenv/events`: server-sent events for pages that reload themselves (`new EventSource(url)`), on this machine's
 * loopback alone. Each event has the news' `event` as its name and the whole as JSON in its data.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface EventStream {
  /** `http://127.0.0.1:PORT/_devenv/events` */
  readonly url: string;
  readonly send: (event: string, data: unknown) => void;
  close(): Promise<void>;
}

const HEARTBEAT_MS = 15_000;

/** On `port`, or on any free one when that is taken. */
export async function openEventStream(port: number): Promise<EventStream> {
  const pages = new Set<ServerResponse>();
  const server = createServer((request, response) => answer(request, response, pages));
  server.unref();
  await listen(server, port);
  const heartbeat = setInterval(() => {
    for (const page of pages) page.write(': still here\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const address = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${address.port}/_devenv/events`,
    send: (event, data) => {
      for (const page of pages) page.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    close: async () => {
      clearInterval(heartbeat);
      for (const page of pages) page.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, pages: Set<ServerResponse>): void {
  if (request.method !== 'GET' || request.url?.split('?')[0] !== '/_devenv/events') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /_devenv/events\n');
    return;
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // Pages come from the services' own ports.
    'access-control-allow-origin': '*',
  });
  response.write('retry: 500\n\n');
  pages.add(response);
  response.on('close', () => pages.delete(response));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || port === 0) reject(error);
      else listen(server, 0).then(resolve, reject);
    });
    server.listen(port, '127.0.0.1', () => resolve());
  });
}
