/** What builds of our own engine can be told beyond Docker's parameters, and what they answer. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, busyboxRoot } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const options = suite('options of builds');
const engines: TestEngine[] = [];

options.before(async () => {
  if (isOtherEngine) return;
  const root = await busyboxRoot();
  const query = new URLSearchParams({ fromSrc: '-', repo: 'contract-busybox', tag: '1' });
  for (let count = 0; count < 2; count++) {
    const engine = await startEngine();
    engines.push(engine);
    const { status, text } = await engine.request('POST', `/images/create?${query}`, root);
    assert.is(status, 200, text);
  }
});

options.after(async () => {
  for (const engine of engines) await engine.stop();
});

const test = (name: string, work: () => Promise<void>) => (isOtherEngine ? undefined : options(name, work));

interface Built {
  readonly id: string | undefined;
  readonly text: string;
  readonly error: string | undefined;
}

async function build(
  engine: TestEngine,
  files: Record<string, string | null>,
  query: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Built> {
  const answer = await engine.request('POST', `/build?${new URLSearchParams(query)}`, await tarOf(files), {
    'content-type': 'application/x-tar',
    ...headers,
  });
  const lines = answer.text.split('\n').filter((line) => line.trim() !== '');
  const messages = lines.map((line) => JSON.parse(line));
  return {
    id: messages.find(({ aux }) => aux?.ID)?.aux.ID,
    text: messages.map(({ stream }) => stream ?? '').join(''),
    error: messages.find(({ error }) => error !== undefined)?.error ?? messages.find(({ message }) => message)?.message,
  };
}

const EVERY_LAYER = `FROM ${busyboxImage}
WORKDIR /app
COPY . .
COPY --chmod=700 <<EOF /script
echo hi
EOF
RUN mkdir -p deep/er && echo made > deep/er/f && ln -s f deep/er/l && rm a
ENV X=1
`;
const EPOCH = { buildargs: JSON.stringify({ SOURCE_DATE_EPOCH: '1700000000' }) };

test('the same input gives the same image on another engine and at another time', async () => {
  const files = { Dockerfile: EVERY_LAYER, a: 'a', 'sub/b': 'b' };
  const ids = [];
  for (const engine of engines) {
    const { id, error } = await build(engine, files, { ...EPOCH, rewritetimestamps: '1', nocache: '1' });
    assert.is(error, undefined);
    ids.push(id);
    await sleep(1100);
  }
  assert.ok(ids[0]);
  assert.is(ids[0], ids[1]);
});

test('SOURCE_DATE_EPOCH is when the image was made', async () => {
  const { id } = await build(engines[0]!, { Dockerfile: EVERY_LAYER, a: 'a' }, EPOCH);
  const { json } = await engines[0]!.request('GET', `/images/${id}/json`);
  assert.is(Date.parse(json.Created), 1700000000e3);
  const history = await engines[0]!.request('GET', `/images/${id}/history`);
  for (const entry of history.json) assert.ok(entry.Created <= 1700000000, JSON.stringify(entry));
  const wrong = { buildargs: JSON.stringify({ SOURCE_DATE_EPOCH: 'soon' }) };
  const { error } = await build(engines[0]!, { Dockerfile: 'FROM scratch\n' }, wrong);
  assert.is(error, 'invalid SOURCE_DATE_EPOCH: soon');
});

test('a stage can be done anew while others stay cached', async () => {
  const stage = (name: string, file: string) => `FROM ${busyboxImage} AS ${name}\nRUN cat /proc/uptime > ${file}\n`;
  const Dockerfile = `${stage('one', '/n1')}${stage('two', '/n2')}COPY --from=one /n1 /\n`;
  const first = await build(engines[0]!, { Dockerfile }, {});
  const same = await build(engines[0]!, { Dockerfile }, {});
  assert.is(same.id, first.id);
  await sleep(20);
  const anew = await build(engines[0]!, { Dockerfile }, { nocachefilter: 'two' });
  assert.is.not(anew.id, first.id);
  const cached = anew.text.split('Step ').filter((step) => step.includes('Using cache'));
  assert.ok(cached.some((step) => step.includes('/n1')));
  assert.not.ok(cached.some((step) => step.includes('> /n2')));
});

test('secrets reach the step and are in no layer and no history', async () => {
  const header = Buffer.from(JSON.stringify({ tok: Buffer.from('s3cr3t').toString('base64') })).toString('base64');
  const seen = '[ "$(cat /run/secrets/tok)" = "$(echo s3cr3u | tr u t)" ] && echo seen';
  const Dockerfile = `FROM ${busyboxImage}\nRUN --mount=type=secret,id=tok,required ${seen}\n`;
  const { id, text, error } = await build(engines[0]!, { Dockerfile }, {}, { 'x-build-secrets': header });
  assert.is(error, undefined);
  assert.match(text, 'seen\n');
  const saved = await engines[0]!.request('GET', `/images/${id}/get`);
  assert.not.match(saved.text, 's3cr3t');
  const without = await build(engines[0]!, { Dockerfile: Dockerfile.replace('echo seen', 'echo other') }, {});
  assert.match(without.error!, 'secret tok: not found');
});

test('a frontend that is not the Dockerfile’s is named', async () => {
  const { error } = await build(engines[0]!, { Dockerfile: '# syntax=example/else:1\nFROM scratch\n' }, {});
  assert.match(error!, 'the frontend example/else:1 of "# syntax=" cannot be run');
});

test('warnings that are errors end the build before it begins', async () => {
  const Dockerfile = '# check=error=true\nFROM scratch\nCMD x\n';
  const { error, id } = await build(engines[0]!, { Dockerfile }, {});
  assert.match(error!, 'lint violation found for rules: JSONArgsRecommended');
  assert.is(id, undefined);
});

function download(engine: TestEngine, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath: engine.socket, path, agent: false }, (response) =>
      buffer(response).then(resolve, reject),
    );
    request.once('error', reject);
  });
}

const STAGES = `FROM ${busyboxImage} AS one
RUN cat /proc/uptime > /n1
FROM ${busyboxImage}
COPY --from=one /n1 /
RUN cat /proc/uptime > /n2
`;

test('a cache goes through a folder to another engine', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'build-cache-'));
  const [one, two] = engines;
  try {
    const cacheto = JSON.stringify([`type=local,dest=${folder},mode=max`]);
    const first = await build(one!, { Dockerfile: STAGES }, { cacheto, nocache: '1' });
    assert.is(first.error, undefined);
    const cachefrom = JSON.stringify([`type=local,src=${folder}`]);
    const second = await build(two!, { Dockerfile: STAGES }, { cachefrom });
    assert.is(second.error, undefined);
    assert.is(second.text.split('Using cache').length - 1, 3);
    assert.equal(await layersOf(two!, second.id), await layersOf(one!, first.id));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function layersOf(engine: TestEngine, id: string | undefined): Promise<string[]> {
  return (await engine.request('GET', `/images/${id}/json`)).json.RootFS.Layers;
}

test('an image that carries its cache gives it to another engine', async () => {
  const [one, two] = engines;
  const text = `FROM ${busyboxImage}\nRUN cat /proc/uptime > /n3\n`;
  const inline = { t: 'inline:1', nocache: '1', buildargs: JSON.stringify({ BUILDKIT_INLINE_CACHE: '1' }) };
  await build(one!, { Dockerfile: text }, inline);
  await build(two!, { Dockerfile: text }, { t: 'inline:1' });
  const saved = await download(one!, '/images/inline:1/get');
  const loaded = await two!.request('POST', '/images/load', saved, { 'content-type': 'application/x-tar' });
  assert.is(loaded.status, 200, loaded.text);
  await two!.request('POST', '/build/prune?all=1');
  const again = await build(two!, { Dockerfile: text }, { cachefrom: JSON.stringify(['inline:1']) });
  assert.is(again.error, undefined);
  assert.match(again.text, /RUN cat \/proc\/uptime > \/n3\n ---> Using cache/);
});

test('a cache that is not there is said, and the build goes on', async () => {
  const query = { cachefrom: JSON.stringify(['type=local,src=/nowhere/at/all']) };
  const { error, text } = await build(engines[0]!, { Dockerfile: STAGES }, query);
  assert.is(error, undefined);
  assert.match(text, '[Warning] no cache from /nowhere/at/all');
});

test('COPY --parents keeps folders, those after a pivot only, as the Dockerfile reference shows', async () => {
  const Dockerfile = `# syntax=docker/dockerfile:1
FROM ${busyboxImage}
COPY --parents ./x/a.txt ./y/a.txt /parents/
COPY --parents ./x/./deep/*.txt /pivot/
COPY --parents **/b.txt /all/
RUN find /parents /pivot /all -type f | sort
`;
  const files = { Dockerfile, 'x/a.txt': '1', 'y/a.txt': '2', 'x/deep/b.txt': '3', 'x/deep/c.md': '4' };
  const { text, error } = await build(engines[0]!, files, {});
  assert.is(error, undefined);
  const found = text.split('\n').filter((line) => /^\/(parents|pivot|all)/.test(line));
  assert.equal(found, ['/all/x/deep/b.txt', '/parents/x/a.txt', '/parents/y/a.txt', '/pivot/deep/b.txt']);
});

test('a platform that this machine cannot run is told before its first command', async () => {
  const foreign = process.arch === 's390x' ? 'linux/riscv64' : 'linux/s390x';
  const files = { Dockerfile: 'FROM scratch\nCOPY f /f\nRUN ["/f"]\n', f: '' };
  const { error } = await build(engines[0]!, files, { platform: foreign });
  if (error?.includes('exec')) return; // this machine has a handler for it
  assert.match(error!, `programs of ${foreign} cannot run on this machine`);
});

test('a folder of this machine is read where it is, with its ignore file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'build-folder-'));
  try {
    await writeFile(join(folder, 'seen'), 'seen');
    await writeFile(join(folder, 'hidden'), 'hidden');
    await writeFile(join(folder, '.dockerignore'), 'hidden\n');
    await writeFile(join(folder, 'Dockerfile'), `FROM ${busyboxImage}\nCOPY . /c\nRUN ls /c\n`);
    const answer = await engines[0]!.request('POST', `/build?${new URLSearchParams({ localcontext: folder })}`);
    assert.match(answer.text, 'seen\\n');
    assert.not.match(answer.text, 'hidden');
    const changed = await engines[0]!.request('POST', `/build?${new URLSearchParams({ localcontext: '/no/such' })}`);
    assert.match(changed.text, 'the context /no/such is no folder of this machine');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

options.run();
