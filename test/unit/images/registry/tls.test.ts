import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseReference } from '../../../../runtime/images/reference.js';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.js';
import { openTestStore, publishImage, type TestStore } from '../../../support/image-store.js';
import { startLauncher } from '../../../support/launcher.js';

const tls = suite('a registry behind TLS and a proxy');
/** Nobody resolves this: only the proxy knows where it is. */
const NAME = 'registry.test';
let started: Awaited<ReturnType<typeof startLauncher>>;
let registry: FakeRegistry;
let front: Server;
let proxy: Server;
let asked: string[];
let certificates = '';
let count = 0;

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=authority', '-days', '2');
  for (const name of ['server', 'client']) {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${NAME}`];
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject);
    const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-copy_extensions', 'copy', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...sign, '-out', `${name}.crt`);
  }
}

/** TLS in front of the registry, for clients with a certificate of the authority alone. */
function startFront(): Server {
  const read = (name: string) => readFileSync(path.join(certificates, name));
  const options = { key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt'), requestCert: true };
  return createHttpsServer(options, (incoming, outgoing) =>
    forward(incoming, outgoing, `http://${registry.host}${incoming.url}`),
  );
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, url: string): void {
  const { method, headers } = incoming;
  const forwarded = httpRequest(url, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(forwarded);
}

/** To the registry behind TLS by tunnels, to the plain one by its requests' whole URLs. */
function startProxy(): Server {
  return createHttpServer((request, response) => {
    asked.push(new URL(request.url ?? '').host);
    forward(request, response, `http://${registry.host}${new URL(request.url ?? '').pathname}`);
  }).on('connect', (request, client, head) => {
    asked.push(request.url ?? '');
    const upstream = connect(portOf(front), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
}

tls.before(async () => {
  started = await startLauncher();
  certificates = path.join(started.folder, 'tls');
  mkdirSync(certificates);
  makeCertificates(certificates);
});
tls.after(() => started.close());
tls.before.each(async () => {
  asked = [];
  registry = await startFakeRegistry();
  front = startFront();
  await listen(front);
  proxy = startProxy();
  await listen(proxy);
});
tls.after.each(async () => {
  await registry.close();
  for (const server of [front, proxy]) {
    server.close();
    server.closeAllConnections();
  }
});

/** A store that goes through the proxy; `files`: what lies in the registry's folder of certificates, by its name there. */
async function withStore(files: Readonly<Record<string, string>>, work: (store: TestStore) => Promise<void>) {
  const folder = path.join(started.folder, `certs${++count}`);
  const own = path.join(folder, `${NAME}:443`);
  mkdirSync(own, { recursive: true });
  for (const [name, from] of Object.entries(files)) copyFileSync(path.join(certificates, from), path.join(own, name));
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`, DEVENV_CERTS_DIRS: folder };
  const store = await openTestStore(path.join(started.folder, `home${count}`), started.launcher, { environment });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

const wanted = parseReference(`${NAME}:443/a/b:1`);
const layers = [[{ name: 'file', content: 'through the proxy' }]];
const withClient = { 'ca.crt': 'ca.crt', 'client.cert': 'client.crt', 'client.key': 'client.key' };

tls('pulled and pushed through CONNECT, with the certificates of its folder', async () => {
  publishImage(registry, 'a/b', '1', layers);
  await withStore(withClient, async (store) => {
    const image = await store.images.pull(wanted, {});
    assert.equal(image.tags, [`${NAME}:443/a/b:1`]);
    await store.images.tag(image.id, { ...wanted, tag: '2' });
    await store.images.push({ ...wanted, tag: '2' }, {});
    assert.ok(registry.manifests.has('a/b/2'));
  });
  assert.ok(asked.length > 0);
  assert.equal([...new Set(asked)], [`${NAME}:443`]);
});

tls('a registry without TLS is asked for whole URLs: not every proxy opens a tunnel to it', async () => {
  publishImage(registry, 'a/b', '1', layers);
  const environment = { HTTP_PROXY: `http://127.0.0.1:${portOf(proxy)}`, DEVENV_INSECURE_REGISTRIES: NAME };
  const store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher, { environment });
  const image = await store.images.pull(parseReference(`${NAME}:80/a/b:1`), {});
  await store.close();
  assert.equal(image.tags, [`${NAME}:80/a/b:1`]);
  assert.equal([...new Set(asked)], [NAME]);
});

async function refusal(files: Readonly<Record<string, string>>): Promise<string> {
  let message = '';
  publishImage(registry, 'a/b', '1', layers);
  await withStore(files, async (store) => {
    const error = await store.images.pull(wanted, {}).catch((thrown: Error) => thrown);
    message = error instanceof Error ? error.message : 'it came';
  });
  return message;
}

tls('without the client certificate it is not given, and the failure names the registry', async () => {
  const message = await refusal({ 'ca.crt': 'ca.crt' });
  assert.match(message, `https://${NAME}:443/v2/`);
  assert.is(registry.log.length, 0);
});

tls('an authority that nobody named is not believed', async () => {
  assert.match(await refusal({ 'client.cert': 'client.crt', 'client.key': 'client.key' }), /certificate/);
  assert.is(registry.log.length, 0);
});

tls('a proxy that does not answer is named as what failed', async () => {
  const port = portOf(proxy);
  await new Promise((resolve) => proxy.close(resolve));
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
  const store = await openTestStore(path.join(started.folder, `home${++count}`), started.launcher, { environment });
  const error = await store.images.pull(wanted, {}).catch((thrown: Error) => thrown);
  await store.close();
  assert.match((error as Error).message, 'connection refused');
});

tls.run();
