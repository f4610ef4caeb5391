/** Who gets at the API: the engine's own user by its socket, and by TCP whoever has a certificate that was signed for it. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { isOtherEngine, startEngine } from '../support/engine.js';
import { freePort } from '../support/project.js';
import { isRoot } from '../support/without-root.js';

const doors = suite('doors of the API');

const folder = mkdtempSync(path.join(tmpdir(), 'doors-'));
const file = (name: string) => path.join(folder, name);
doors.after(() => rmSync(folder, { recursive: true }));

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });

/** `NAME.pem` and `NAME.key`; signed by `by`, or by itself. */
function certificate(name: string, by?: string, days = '2'): void {
  const subject = ['-subj', `/CN=${name}`, '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  if (by === undefined) {
    openssl('req', '-x509', ...subject, '-days', days, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`));
    return;
  }
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1');
  openssl('req', ...subject, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
  const signer = ['-CA', file(`${by}.pem`), '-CAkey', file(`${by}.key`), '-CAcreateserial', '-extfile', file('names')];
  openssl('x509', '-req', '-in', file(`${name}.csr`), ...signer, '-days', days, '-out', file(`${name}.pem`));
}

const readPair = (name: string) => ({
  cert: readFileSync(file(`${name}.pem`)),
  key: readFileSync(file(`${name}.key`)),
});

/** The status, or the code of the error. */
function status(request: http.ClientRequest): Promise<number | string> {
  return new Promise((resolve) => {
    request.once('response', (response) => resolve(response.resume().statusCode ?? 0));
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.end();
  });
}

doors('TCP: a certificate that was signed for it is let in, nothing else is', async () => {
  for (const name of ['ca', 'stranger']) certificate(name);
  for (const name of ['server', 'client']) certificate(name, 'ca');
  certificate('intruder', 'stranger');
  const port = await freePort();
  const config = file('engine.json');
  const files = { tlscacert: file('ca.pem'), tlscert: file('server.pem'), tlskey: file('server.key') };
  writeFileSync(config, JSON.stringify({ hosts: [`tcp://127.0.0.1:${port}`], ...files }));
  const engine = await startEngine({ env: { DEVENV_ENGINE_CONFIG: config } });
  const ask = (proof: https.RequestOptions) =>
    status(
      https.request({
        host: '127.0.0.1',
        port,
        path: '/_ping',
        ca: readFileSync(file('ca.pem')),
        agent: false,
        ...proof,
      }),
    );
  try {
    assert.is(await ask(readPair('client')), 200);
    for (const proof of [
      {},
      readPair('intruder'),
      readPair('stranger'),
      { ...readPair('client'), maxVersion: 'TLSv1.1' as const },
    ])
      assert.type(await ask(proof), 'string');
    assert.type(await status(http.request({ host: '127.0.0.1', port, path: '/_ping', agent: false })), 'string');
    assert.is(await ask(readPair('client')), 200);
    await importBusybox(engine);
    const id = await new Containers(engine).running({});
    assert.is(await execOver(port, id), 'said: hello\n');
  } finally {
    await engine.stop();
  }
});

/** What a shell prints that reads its input to the end, over an upgraded connection. */
async function execOver(port: number, id: string): Promise<string> {
  const options = { host: '127.0.0.1', port, ca: readFileSync(file('ca.pem')), agent: false, ...readPair('client') };
  const post = (url: string, body: object, headers = {}) => {
    const text = JSON.stringify(body);
    const length = { 'content-type': 'application/json', 'content-length': text.length };
    const request = https.request({ ...options, method: 'POST', path: url, headers: { ...length, ...headers } });
    request.end(text);
    return request;
  };
  const create = {
    Cmd: ['sh', '-c', 'read line; echo said: $line'],
    AttachStdin: true,
    AttachStdout: true,
    Tty: false,
  };
  const made = await new Promise<string>((resolve, reject) => {
    post(`/containers/${id}/exec`, create)
      .once('response', (response) => response.once('data', (chunk) => resolve(JSON.parse(String(chunk)).Id)))
      .once('error', reject);
  });
  return new Promise((resolve, reject) => {
    const upgrade = { connection: 'Upgrade', upgrade: 'tcp' };
    post(`/exec/${made}/start`, {}, upgrade)
      .once('upgrade', (_response, socket, head: Buffer) => {
        const chunks = [head];
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        socket.once('end', () => resolve(Buffer.concat(chunks).subarray(8).toString()));
        socket.end('hello\n');
      })
      .once('error', reject);
  });
}

doors('TCP without all of TLS is no way to start', async () => {
  for (const settings of [{}, { tlscert: '/x' }, { tlscacert: '/x', tlscert: '/x' }]) {
    const home = file('refused');
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, 'engine.json'), JSON.stringify({ hosts: ['tcp://127.0.0.1:0'], ...settings }));
    const program = path.resolve(import.meta.dirname, '../../runtime/main.js');
    const env = { ...process.env, DEVENV_HOME: home, DEVENV_RUNTIME_DIR: file('run') };
    const said = await new Promise<string>((resolve) =>
      execFile(process.execPath, [program], { env }, (error, _out, err) => resolve(`${error?.code} ${err}`)),
    );
    assert.match(said, /^1 .*cannot start: "hosts" asks for tcp:.*"tlscacert", "tlscert" and "tlskey"/s);
  }
});

if (isRoot)
  doors('the socket: another user who gets at it all the same is refused', async () => {
    const engine = await startEngine({ env: {} });
    const curl = (...before: string[]) => {
      const [program = '', ...args] = [...before, 'curl', '-s', '--unix-socket', engine.socket, 'http://d/_ping'];
      return new Promise<string>((resolve) => execFile(program, args, (_, out) => resolve(out)));
    };
    try {
      const other = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
      assert.is(await curl(...other), '');
      for (let at = engine.socket; at !== '/' && at !== tmpdir(); at = path.dirname(at)) chmodSync(at, 0o777);
      assert.match(await curl(...other), /answers its own user alone, and user 65534 asked/);
      assert.is(await curl(), 'OK');
    } finally {
      await engine.stop();
    }
  });

if (!isOtherEngine) doors.run();
