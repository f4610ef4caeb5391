/** BuildKit's protocol as a client of our own speaks it; the same holds for Docker (`CONTRACT_ENGINE`). */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StatusResponse } from '../../runtime/api/buildkit/proto/messages.js';
import { BuildKitClient, control, type SolveOptions } from '../support/buildkit-client.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const protocol = suite('BuildKit protocol');
let engine: TestEngine;
let client: BuildKitClient;
const moby = (name: string) => ({ Type: 'moby', Attrs: { name } });

protocol.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  client = new BuildKitClient(engine.socket);
});
protocol.after(async () => {
  for (const name of ['bk-first:1', 'bk-second:1', 'bk-other:2'])
    await engine.request('DELETE', `/images/${name}?force=1`);
  await client.close();
  await engine.stop();
});

const names = (status: readonly StatusResponse[]) => [
  ...new Set(status.flatMap(({ vertexes }) => vertexes.map(({ name }) => name))),
];
const logs = (status: readonly StatusResponse[]) =>
  status.flatMap(({ logs: all }) => all.map(({ msg }) => Buffer.from(msg).toString())).join('');
const shout = `RUN cat /a && echo $((40+2)) ${process.pid}${Date.now()}`;

protocol('the ping tells clients which builder to use', async () => {
  const { headers } = await engine.request('GET', '/_ping');
  assert.is(headers['builder-version'], '2');
});

protocol('a plain request is told that the connection must be upgraded', async () => {
  const { status } = await engine.request('POST', '/session');
  assert.is(status, 400);
});

protocol('a worker of this machine is listed', async () => {
  const grpc = await client.grpc();
  const shapes = ['Empty', 'ListWorkersResponse'] as const;
  const { record } = await grpc.unary(control('ListWorkers'), shapes, {}, new AbortController().signal);
  assert.is(record.length, 1);
  assert.is(record[0]!.platforms[0]!.OS, 'linux');
  assert.match(record[0]!.BuildkitVersion.version, /^v\d+\./);
});

protocol('a method that does not exist is not implemented', async () => {
  const grpc = await client.grpc();
  const call = grpc.unary('/moby.buildkit.v1.Control/Nothing', ['Empty', 'Empty'], {}, new AbortController().signal);
  const code = await call.then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  assert.is(code, 12);
});

for (const overBridge of [false, true]) {
  const way = overBridge ? 'over the bridge' : 'in one call';
  protocol(`an image is built ${way}, with its lines of progress`, async () => {
    const files = {
      Dockerfile: `FROM ${busyboxImage}\nCOPY a /a\n${shout} ${way}\nLABEL x=y\n`,
      a: 'content\n',
      b: 'unused\n',
    };
    const { response, error, status, asked } = await client.solve({ files, overBridge, exporter: moby('bk-first:1') });
    assert.is(error, undefined);
    const { json: image } = await engine.request('GET', '/images/bk-first:1/json');
    assert.is(response['containerimage.config.digest'], image.Id);
    assert.is(response['image.name'], 'docker.io/library/bk-first:1');
    assert.is(image.Config.Labels.x, 'y');
    const shown = names(status);
    assert.ok(shown.includes('[internal] load build definition from Dockerfile'), shown.join('\n'));
    assert.ok(shown.includes('[internal] load build context'), shown.join('\n'));
    assert.ok(shown.includes('[2/3] COPY a /a'), shown.join('\n'));
    assert.ok(shown.includes('exporting to image'), shown.join('\n'));
    assert.match(logs(status), /^content\n42 /m);
    const context = asked.folders.find(({ follow, name }) => name === 'context' && follow !== '.dockerignore');
    assert.is(context?.follow, 'a');
    assert.not.ok(asked.contents.includes('b'));
  });
}

protocol('every line of progress that began comes to its end', async () => {
  const files = {
    Dockerfile: `FROM ${busyboxImage} AS one\nRUN true\nFROM ${busyboxImage}\nCOPY --from=one /etc/passwd /p\n`,
  };
  const { status } = await client.solve({ files, exporter: moby('bk-first:1') });
  const last = new Map(status.flatMap(({ vertexes }) => vertexes.map((vertex) => [vertex.digest, vertex] as const)));
  assert.ok(last.size > 4);
  for (const { name, completed, error } of last.values()) assert.ok(completed && error === '', name);
});

protocol('a failing step is told with its place', async () => {
  const files = { Dockerfile: `FROM ${busyboxImage}\nRUN echo seen; exit 3\n` };
  const { error, status } = await client.solve({ files, exporter: moby('bk-first:1') });
  assert.is(error?.message, 'process "/bin/sh -c echo seen; exit 3" did not complete successfully: exit code: 3');
  const source = error!.details.find(({ type_url: url }) => url.includes('errdefs.Source'))!;
  const { info, ranges } = JSON.parse(Buffer.from(source.value).toString());
  assert.is(info.filename, 'Dockerfile');
  assert.is(Buffer.from(info.data, 'base64').toString(), files.Dockerfile);
  assert.is(ranges[0].start.line, 2);
  const failed = status.flatMap(({ vertexes }) => vertexes).find(({ error: text }) => text !== '');
  assert.is(failed?.name, '[2/2] RUN echo seen; exit 3');
});

protocol('a mistake in the Dockerfile is told before anything is built', async () => {
  const files = { Dockerfile: `FROM ${busyboxImage}\nRUNN x\n` };
  for (const overBridge of [false, true]) {
    const { error, status } = await client.solve({ files, overBridge });
    assert.is(error?.message, 'dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)');
    assert.not.ok(names(status).some((name) => name.includes('load build context')));
  }
});

protocol('a Dockerfile that is not there is named', async () => {
  const { error } = await client.solve({ files: { x: '' }, attributes: { filename: 'Other' } });
  assert.is(error?.message, 'failed to read dockerfile: open Other: no such file or directory');
});

protocol('what did not change is not sent again', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, number) => [`d${number % 7}/f${number}`, `${number}\n`]),
  );
  const Dockerfile = `FROM ${busyboxImage}\nCOPY . /all\n`;
  const solve = (files: Record<string, string>) =>
    client.solve({
      files: { Dockerfile, ...files },
      sharedKey: `shared-${process.pid}`,
      exporter: moby('bk-second:1'),
    });
  const first = await solve(many);
  assert.is(first.error, undefined);
  assert.ok(first.asked.contents.length >= 300);
  const second = await solve({ ...many, 'd1/f1': 'new\n', 'new/file': 'x\n' });
  assert.equal(second.asked.contents.filter((path) => path.includes('/')).sort(), ['d1/f1', 'new/file']);
  const { 'd2/f2': _, ...fewer } = many;
  const third = await solve(fewer);
  assert.is(third.error, undefined);
  assert.equal(
    third.asked.contents.filter((path) => path.includes('/')),
    ['d1/f1'],
  );
});

protocol('patterns of the ignore file go to the client', async () => {
  const files = {
    Dockerfile: `FROM ${busyboxImage}\nCOPY . /all\n`,
    '.dockerignore': '# no\n/secret/\n*.log\n!keep.log\n',
  };
  const { asked } = await client.solve({ files });
  const context = asked.folders.find(({ exclude }) => exclude !== undefined);
  assert.is(context?.exclude, 'secret, *.log, !keep.log');
});

protocol('secrets are asked for, and missing ones fail only where they are required', async () => {
  const Dockerfile = `FROM ${busyboxImage}\nRUN --mount=type=secret,id=s cat /run/secrets/s && echo ${Date.now()}\n`;
  const { error, asked, status } = await client.solve({ files: { Dockerfile }, secrets: { s: 's3cret\n' } });
  assert.is(error, undefined);
  assert.equal(asked.secrets, ['s']);
  assert.match(logs(status), /s3cret/);
  const required = `FROM ${busyboxImage}\nRUN --mount=type=secret,id=none,required true ${Date.now()}\n`;
  const without = await client.solve({ files: { Dockerfile: required } });
  assert.match(without.error?.message ?? '', /secret none: not found/);
});

protocol('a folder and a tar go to the client', async () => {
  const files = { Dockerfile: 'FROM scratch\nCOPY in /out/file\n', in: 'bytes\n' };
  const folder = await client.solve({ files, exporter: { Type: 'local', Attrs: {} } });
  assert.is(folder.error, undefined);
  assert.is(folder.received.files.get('out/file'), 'bytes\n');
  const tar = await client.solve({ files, exporter: { Type: 'tar', Attrs: {} } });
  assert.match(tar.received.bytes.toString('latin1'), /out\/file/);
  assert.match(tar.received.bytes.toString('latin1'), /bytes\n/);
});

protocol('a build that nobody waits for ends with its steps', async () => {
  const abort = new AbortController();
  const mark = `bk${process.pid}${Date.now()}`;
  const Dockerfile = `FROM ${busyboxImage}\nRUN echo ${mark}; sleep 600\n`;
  const onStatus = (part: StatusResponse) => {
    if (logs([part]).includes(mark)) abort.abort();
  };
  const { error, status } = await client.solve({ files: { Dockerfile }, signal: abort.signal, onStatus });
  assert.ok(error);
  const last = status.flatMap(({ vertexes }) => vertexes).findLast(({ name }) => name.includes(mark));
  assert.match(last?.error ?? '', /context canceled$/);
  const again = await client.solve({ files: { Dockerfile: `FROM ${busyboxImage}\nRUN true\n` } });
  assert.is(again.error, undefined);
});

/** Whether any process of this machine has the text in its command line. */
function runs(text: string): boolean {
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

protocol('files of a result can be looked at before it is returned', async () => {
  const files = { Dockerfile: 'FROM scratch\nCOPY in /dir/file.txt\n', in: '0123456789' };
  const seen: unknown[] = [];
  const onResult: SolveOptions['onResult'] = async (Ref, ask) => {
    const read = ['ReadFileRequest', 'ReadFileResponse'] as const;
    const whole = await ask('ReadFile', read, { Ref, FilePath: '/dir/file.txt' });
    const part = await ask('ReadFile', read, { Ref, FilePath: 'dir/file.txt', Range: { Offset: 2, Length: 3 } });
    const folder = await ask('ReadDir', ['ReadDirRequest', 'ReadDirResponse'], { Ref, DirPath: '/dir' });
    const { stat } = await ask('StatFile', ['StatFileRequest', 'StatFileResponse'], { Ref, Path: '/dir/file.txt' });
    seen.push(Buffer.from(whole.Data).toString(), Buffer.from(part.Data).toString());
    seen.push(
      folder.entries.map(({ path }) => path),
      stat.size,
    );
  };
  const { error } = await client.solve({ files, overBridge: true, onResult, exporter: moby('bk-other:2') });
  assert.is(error, undefined);
  assert.equal(seen, ['0123456789', '234', ['file.txt'], 10]);
});

protocol('a client that is gone takes the steps of its build along', async () => {
  const mark = `bkgone${process.pid}${Date.now()}`;
  const gone = new BuildKitClient(engine.socket);
  const Dockerfile = `FROM ${busyboxImage}\nRUN echo ${mark}; sleep 600; echo never\n`;
  await new Promise<void>((resolve) => {
    const onStatus = (part: StatusResponse) => {
      if (logs([part]).includes(mark)) resolve();
    };
    gone.solve({ files: { Dockerfile }, onStatus }).catch(() => undefined);
  });
  assert.ok(runs(mark));
  await gone.close();
  for (let tries = 0; tries < 200 && runs(mark); tries++) await sleep(50);
  assert.not.ok(runs(mark));
});

protocol('linting answers without a build', async () => {
  const files = { Dockerfile: `FROM ${busyboxImage} AS Big\nCMD echo hi\n` };
  const attributes = { requestid: 'frontend.lint', 'frontend.caps': 'moby.buildkit.frontend.subrequests+forward' };
  const { error, asked, status } = await client.solve({ files, attributes, overBridge: true });
  assert.is(error, undefined);
  assert.not.ok(names(status).some((name) => name.includes('CMD')));
  assert.not.ok(asked.folders.some(({ follow, name }) => name === 'context' && follow !== '.dockerignore'));
});

protocol('warnings come with their rule, place and link', async () => {
  const files = { Dockerfile: `FROM ${busyboxImage}\nCMD echo hi\n` };
  const { status } = await client.solve({ files });
  const [warning] = status.flatMap(({ warnings }) => warnings);
  assert.match(Buffer.from(warning!.short).toString(), /^JSONArgsRecommended: .* \(line 2\)$/);
  assert.is(warning!.url, 'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/');
  assert.is(warning!.ranges[0]!.start.line, 2);
});

protocol('arguments, labels and a target are taken', async () => {
  const files = {
    Dockerfile: `FROM ${busyboxImage} AS one\nARG WHO=nobody\nENV IS=$WHO\nFROM ${busyboxImage}\nRUN false\n`,
  };
  const attributes = { target: 'one', 'build-arg:WHO': 'me', 'label:a.b': 'c' };
  const { error } = await client.solve({ files, attributes, exporter: moby('bk-other:2') });
  assert.is(error, undefined);
  const { json } = await engine.request('GET', '/images/bk-other:2/json');
  assert.ok(json.Config.Env.includes('IS=me'));
  assert.is(json.Config.Labels['a.b'], 'c');
});

const trace = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

protocol('POST /build of this builder takes the context of a session', async () => {
  const files = {
    Dockerfile: `FROM ${busyboxImage}\nARG A\nCOPY a /a\nRUN cat /a; echo $A ${Date.now()}\n`,
    a: 'content\n',
  };
  const session = await client.session({ files });
  const query = new URLSearchParams({
    version: '2',
    remote: 'client-session',
    session: session.id,
    buildid: `id${Date.now()}`,
    buildargs: JSON.stringify({ A: 'given' }),
    t: 'bk-other:2',
  });
  const { status, text } = await engine.request('POST', `/build?${query}`);
  session.close();
  assert.is(status, 200, text);
  const lines = trace(text);
  const parts = lines
    .filter(({ id }) => id === 'moby.buildkit.trace')
    .map(({ aux }) => client.codec.decode('StatusResponse', Buffer.from(aux, 'base64')));
  assert.match(logs(parts), /content\ngiven/);
  const { json } = await engine.request('GET', '/images/bk-other:2/json');
  assert.is(lines.find(({ id }) => id === 'moby.image.id').aux.ID, json.Id);
});

protocol('POST /build of this builder tells a failure as a line', async () => {
  const dockerfile = `FROM ${busyboxImage}\nRUN exit 9\n`;
  const { text } = await engine.request('POST', '/build?version=2', await tarOf({ Dockerfile: dockerfile }));
  assert.is(trace(text).at(-1).error, 'process "/bin/sh -c exit 9" did not complete successfully: exit code: 9');
});

protocol('a session that never comes fails the build', async () => {
  const grpc = await client.grpc();
  const request = { Ref: `none-${Date.now()}`, Session: 'nobody', Frontend: 'dockerfile.v0' };
  const solving = grpc.unary(
    control('Solve'),
    ['SolveRequest', 'SolveResponse'],
    request,
    new AbortController().signal,
  );
  const message = await solving.then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(message, /no active session for nobody/);
});

protocol('a file name that leads out of the context is refused', async () => {
  const files = { Dockerfile: `FROM ${busyboxImage}\nCOPY . /all\n`, '../outside': 'x\n' };
  const { error } = await client.solve({ files, sharedKey: `bad-${Date.now()}` });
  assert.ok(error, 'a path with .. was taken');
});

protocol.run();
