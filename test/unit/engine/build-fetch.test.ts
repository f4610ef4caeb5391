import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openBuildFetch } from '../../../runtime/engine/build-fetch.js';

const fetching = suite('what ADD fetches');
const fetchForBuild = openBuildFetch({});
const { signal } = new AbortController();
let server: Server;
let base = '';

fetching.before(async () => {
  server = createServer((request, response) => {
    if (request.url !== '/there') return void response.writeHead(404).end();
    response.writeHead(200, { 'last-modified': 'Sat, 01 Jan 2022 00:00:00 GMT' }).end('content');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
fetching.after(() => {
  server.closeAllConnections();
  server.close();
});

const refusal = (url: string) => fetchForBuild(url, signal).then(String, (error: Error) => error.message);

fetching('a file and when it was changed', async () => {
  const { body, lastModified } = await fetchForBuild(`${base}/there`, signal);
  assert.is(await text(body), 'content');
  assert.is(lastModified?.toISOString(), '2022-01-01T00:00:00.000Z');
});

fetching('what is not there is said by its status', async () => {
  assert.is(await refusal(`${base}/missing`), 'failed to load cache key: invalid response status 404');
});

fetching('every port is asked, those too that browsers leave alone', async () => {
  const url = 'http://127.0.0.1:1/x';
  const why = 'dial tcp 127.0.0.1:1: connect: connection refused';
  assert.is(await refusal(url), `failed to load cache key: Get "${url}": ${why}`);
});

fetching.run();
