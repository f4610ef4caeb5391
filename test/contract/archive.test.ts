/** Files of containers in and out as archives: links, owners, compression, what is refused. */
import { readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { extract, type Header, pack } from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expectRefusal, tarType } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';

const archives = suite('archives of containers');
let engine: TestEngine;
let containers: Containers;
archives.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
archives.after.each(() => containers.clear());
archives.after(() => engine.stop());

const queryOf = (path: string) => `archive?path=${encodeURIComponent(path)}`;

function tarOf(entries: readonly (readonly [Partial<Header> & { name: string }, string])[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text);
  tar.finalize();
  return buffer(tar);
}

/** Names, types and link targets of an archive's entries. */
async function entriesAt(id: string, path: string): Promise<string[]> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    http
      .get({ socketPath: engine.socket, path: `/containers/${id}/${queryOf(path)}`, agent: false }, (response) =>
        buffer(response).then(resolve, reject),
      )
      .once('error', reject);
  });
  const reader = extract();
  const found: string[] = [];
  reader.end(bytes);
  for await (const entry of reader) {
    const { name, type, linkname } = entry.header;
    found.push(`${name} ${type}${linkname ? ` ${linkname}` : ''}`);
    entry.resume();
  }
  return found.sort();
}

const filled = 'mkdir -p /d/e; echo hi > /d/f; ln -s f /d/l; ln -s /d /ld; ln -s /nope /dang; chmod 4755 /d/f';

async function withFiles(): Promise<string> {
  const id = await containers.running();
  await containers.exec(id, filled);
  return id;
}

archives('a link is itself, unless a slash asks for what it points at', async () => {
  const id = await withFiles();
  assert.equal(await entriesAt(id, '/d/l'), ['l symlink f']);
  assert.equal(await entriesAt(id, '/ld'), ['ld symlink /d']);
  assert.equal(await entriesAt(id, '/ld/f'), ['f file']);
  const inside = ['e/ directory', 'f file', 'l symlink f'];
  assert.equal(await entriesAt(id, '/d'), ['d/ directory', ...inside.map((one) => `d/${one}`)]);
  assert.equal(await entriesAt(id, '/d/.'), ['./ directory', ...inside.map((one) => `./${one}`)]);
  assert.equal(await entriesAt(id, '/ld/'), ['ld/ directory', ...inside.map((one) => `ld/${one}`)]);
});

archives('a slash behind what is no folder is refused', async () => {
  const id = await withFiles();
  for (const path of ['/d/f/', '/d/f/.', '/d/l/'])
    await expectRefusal(engine, {
      method: 'GET',
      path: `/containers/${id}/${queryOf(path)}`,
      status: 500,
      message: `lstat ${path}: not a directory`,
    });
});

archives('stats are in Go’s bits', async () => {
  const id = await withFiles();
  const stat = async (path: string) => {
    const { headers } = await engine.request('HEAD', `/containers/${id}/${queryOf(path)}`);
    const { name, mode, linkTarget } = JSON.parse(
      Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString(),
    );
    return { name, mode, linkTarget };
  };
  assert.equal(await stat('/d/f'), { name: 'f', mode: 2 ** 23 + 0o755, linkTarget: '' });
  assert.equal(await stat('/d'), { name: 'd', mode: 2 ** 31 + 0o755, linkTarget: '' });
  assert.equal(await stat('/d/l'), { name: 'l', mode: 2 ** 27 + 0o777, linkTarget: '/d/f' });
  assert.equal(await stat('/dang'), { name: 'dang', mode: 2 ** 27 + 0o777, linkTarget: '/nope' });
});

archives('files go in with their owners and modes, compressed too', async () => {
  const id = await withFiles();
  const put = (path: string, body: Buffer) =>
    engine.request('PUT', `/containers/${id}/${queryOf(path)}`, body, tarType);
  const tar = await tarOf([
    [{ name: 'in/', type: 'directory', mode: 0o750 }, ''],
    [{ name: 'in/a', mode: 0o640, uid: 1000, gid: 3000 }, 'A'],
    [{ name: 'in/s', type: 'symlink', linkname: 'a' }, ''],
  ]);
  assert.is((await put('/d', tar)).status, 200);
  assert.is((await put('/ld', gzipSync(await tarOf([[{ name: 'z' }, 'zipped']])))).status, 200);
  const { out } = await containers.exec(id, 'stat -c "%u:%g %a" /d/in/a; cat /d/in/s /d/z');
  assert.is(out, '1000:3000 640\nAzipped');
});

archives('copyUIDGID gives them to the container’s user, where there is one', async () => {
  const tar = await tarOf([[{ name: 'own', uid: 7, gid: 8 }, 'x']]);
  for (const [User, owner] of [
    ['nobody', '65534:65534\n'],
    ['', '7:8\n'],
  ] as const) {
    const id = await containers.running({ User });
    await engine.request('PUT', `/containers/${id}/${queryOf('/tmp')}&copyUIDGID=1`, tar, tarType);
    assert.is((await containers.exec(id, 'stat -c %u:%g /tmp/own')).out, owner);
  }
});

archives('what cannot be is refused', async () => {
  const id = await withFiles();
  const tar = await tarOf([[{ name: 'e' }, 'x']]);
  const refuses = (method: string, what: string, status: number, message: string | RegExp) =>
    expectRefusal(engine, {
      method,
      path: `/containers/${id}/${what}`,
      body: method === 'PUT' ? tar : undefined,
      headers: tarType,
      status,
      message,
    });
  await refuses('GET', queryOf('/nope'), 404, `Could not find the file /nope in container ${id}`);
  await refuses('PUT', queryOf('/nope'), 404, `Could not find the file /nope in container ${id}`);
  await refuses('PUT', queryOf('/d/f'), 400, 'extraction point is not a directory');
  await refuses(
    'PUT',
    `${queryOf('/d')}&noOverwriteDirNonDir=1`,
    500,
    'cannot overwrite directory "e" with non-directory "/d"',
  );
  await refuses('GET', 'archive', 400, /bad parameter/);
});

archives('read-only places stay so', async () => {
  const id = await containers.running({ HostConfig: { ReadonlyRootfs: true, Binds: ['/srv:/s:ro', 'archive-v:/v'] } });
  const tar = await tarOf([[{ name: 'x' }, 'x']]);
  const put = { method: 'PUT', body: tar, headers: tarType, status: 400 };
  await expectRefusal(engine, {
    ...put,
    path: `/containers/${id}/${queryOf('/tmp')}`,
    message: 'container rootfs is marked read-only',
  });
  await expectRefusal(engine, {
    ...put,
    path: `/containers/${id}/${queryOf('/s')}`,
    message: 'mounted volume is marked read-only',
  });
  assert.is((await engine.request('PUT', `/containers/${id}/${queryOf('/v')}`, tar, tarType)).status, 200);
  await containers.clear();
  await engine.request('DELETE', '/volumes/archive-v');
});

archives('a container that does not run takes files too', async () => {
  const id = await containers.created();
  await engine.request('PUT', `/containers/${id}/${queryOf('/tmp')}`, await tarOf([[{ name: 'x' }, 'early']]), tarType);
  await engine.request('POST', `/containers/${id}/start`);
  assert.is((await containers.exec(id, 'cat /tmp/x')).out, 'early');
});

archives('a copy into a container that is being removed leaves nothing of it', async () => {
  const tar = await tarOf([[{ name: 'x' }, 'late']]);
  for (let times = 0; times < 20; times++) {
    const id = await containers.created();
    const put = engine.request('PUT', `/containers/${id}/${queryOf('/tmp')}`, tar, tarType);
    const look = engine.request('GET', `/containers/${id}/changes`);
    await engine.request('DELETE', `/containers/${id}?force=1`);
    await Promise.all([put, look]);
  }
  if (!isOtherEngine) assert.equal(readdirSync(path.join(engine.home, 'roots')), []);
});

archives.run();
