/** A small http server on a unix socket in a temporary folder that answers as a test says and remembers what it was asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { EngineClient } from '../../src/engine/client.js';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (asked: Asked, response: http.ServerResponse) => void;

export interface FakeEngine {
  readonly client: EngineClient;
  readonly asked: readonly Asked[];
  /** Connections that were ever made. */
  readonly connections: () => number;
  readonly server: http.Server;
  readonly close: () => Promise<void>;
}

export async function fakeEngine(answer: Answer): Promise<FakeEngine> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'devenv-fake-'));
  const socketPath = path.join(folder, 'engine.sock');
  const asked: Asked[] = [];
  let connections = 0;
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://engine');
    const one = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    asked.push(one);
    answer(one, response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const client = new EngineClient({ socketPath });
  return {
    client,
    asked,
    server,
    connections: () => connections,
    close: async () => {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

export function json(response: http.ServerResponse, body: unknown, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
