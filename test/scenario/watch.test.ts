import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

const story = suite<{ project: TestProject; run: ReturnType<TestProject['begin']> }>('watch');

const config = (greeting: string) => `
name: hot
services:
  api:
    build: .
    command: ["sh", "-c", "echo ${greeting}; trap 'exit 0' TERM; while :; do sleep 0.05; done"]
    develop:
      watch:
        - {path: src, action: sync, target: /app/src, ignore: ["*.tmp"]}
        - {path: conf, action: sync+restart, target: /app/conf}
        - {path: Dockerfile, action: rebuild}
        - {path: made, action: pull, target: /made, ignore: ["*.log"]}
        - {path: hook, action: sync+exec, target: /app/hook, exec: {command: ["sh", "-c", "echo ran-$$(cat /app/hook/h)"]}}
`;
const dockerfile = (version: string) => `FROM scratch
COPY rootfs /
ENV PATH=/bin VERSION=${version}
COPY src /app/src
COPY conf /app/conf
COPY hook /app/hook
`;

story.before(async (context) => {
  context.project = await makeProject({
    'devenv.yml': config('hello-1'),
    Dockerfile: dockerfile('1'),
    'src/a.txt': 'one',
    'conf/c': 'c1',
    'hook/h': 'h1',
  });
  const { project } = context;
  await writeBusyboxRoot(project.folder);
  for (const applet of ['rm', 'readlink'])
    await import('node:fs/promises').then(({ symlink }) =>
      symlink('busybox', path.join(project.folder, 'rootfs/bin', applet)),
    );
  context.run = project.begin('up');
  await eventually(
    'watching',
    async () => context.run.output().includes('_devenv/events') && context.run.output().includes('hello-1'),
    40_000,
  );
});

story.after(async ({ project, run }) => {
  run.kill('SIGKILL');
  await run.done;
  await project.remove();
});

const inApi = async (project: TestProject, script: string) =>
  (await project.devenv('exec', '-T', 'api', 'sh', '-c', script)).stdout.trim();
const shows = (project: TestProject, script: string, wanted: string) =>
  eventually(`${script} gives ${wanted}`, async () => (await inApi(project, script)) === wanted, 10_000).catch(
    async (error) => {
      throw new Error(`${error.message}; it gives ${await inApi(project, script)}`);
    },
  );
const at = (project: TestProject, name: string) => path.join(project.folder, name);

story('created, changed, renamed and deleted files reach the container; ignored ones do not', async ({ project }) => {
  await project.write({ 'src/a.txt': 'two', 'src/x.tmp': 'no', 'src/deep/er/b': 'b' });
  await shows(
    project,
    'cat /app/src/a.txt /app/src/deep/er/b; ls /app/src',
    'twob\na.txt\ndeep'.replace('twob\n', 'twob'),
  );
  await rename(at(project, 'src/a.txt'), at(project, 'src/z.txt'));
  await rm(at(project, 'src/deep'), { recursive: true });
  await shows(project, 'ls /app/src', 'z.txt');
});

story("an editor's save by renaming is a change, and the last of many writes counts", async ({ project }) => {
  for (let i = 0; i < 50; i++) await writeFile(at(project, 'src/z.txt'), `write ${i}`);
  await writeFile(at(project, 'src/z.txt~'), 'backup');
  await writeFile(at(project, 'src/.new'), 'saved');
  await rename(at(project, 'src/.new'), at(project, 'src/z.txt'));
  await shows(project, 'cat /app/src/z.txt; ls -a /app/src', 'saved.\n..\nz.txt');
});

story('hundreds of files at once arrive, and are told as one', async ({ project, run }) => {
  await mkdir(at(project, 'src/many'));
  await Promise.all(Array.from({ length: 300 }, (_, i) => writeFile(at(project, `src/many/${i}`), `${i}`)));
  await shows(project, 'ls /app/src/many | busybox wc -l; cat /app/src/many/299', '300\n299');
  const told = run.output().match(/synced \d+ files/g) ?? [];
  assert.ok(told.length <= 6, `${told.length} batches`);
});

story('sync+restart restarts in the same container; sync+exec executes', async ({ project, run }) => {
  const id = async () => (await project.devenv('ps', '--quiet')).stdout.trim();
  const before = await id();
  await project.write({ 'conf/c': 'c2' });
  await eventually('restarted', async () => run.output().split('hello-1').length > 2);
  assert.is(await inApi(project, 'cat /app/conf/c'), 'c2');
  assert.is(await id(), before);
  await project.write({ 'hook/h': 'h2' });
  await eventually('executed', async () => run.output().includes('ran-h2'));
});

story('a rebuild makes a new container, which has what was synced since', async ({ project }) => {
  await project.write({ Dockerfile: dockerfile('2') });
  await shows(project, 'echo $VERSION; cat /app/src/z.txt /app/conf/c', '2\nsavedc2');
});

story('a container that another command makes anew gets what its image lacks', async ({ project }) => {
  await project.write({ 'src/late': 'late' });
  await shows(project, 'cat /app/src/late', 'late');
  const { code, output } = await project.devenv('up', '--detach', '--force-recreate');
  assert.is(code, 0, output);
  await shows(project, 'cat /app/src/late', 'late');
});

story('a broken config is told and keeps what runs; the mended one is applied', async ({ project, run }) => {
  await project.write({ 'devenv.yml': `${config('hello-2')}bad: [` });
  await eventually('told', async () => run.output().includes('This is not valid YAML'));
  const { stdout } = await project.devenv('container', 'ls', '--format', '{{.Names}} {{.State}}');
  assert.match(stdout, `${project.env.COMPOSE_PROJECT_NAME ?? 'hot'}-api-1 running`);
  await project.write({ 'devenv.yml': config('hello-2') });
  await eventually('applied', async () => run.output().includes('api-1  | hello-2'));
});

story('a page that listens is told', async ({ project, run }) => {
  const url = /http:\S+_devenv\/events/.exec(run.output())![0];
  let heard = '';
  const request = http.get(url, (response) => response.on('data', (chunk) => (heard += chunk)));
  request.on('error', () => undefined);
  await eventually('connected', async () => heard.includes('retry'));
  await project.write({ 'src/z.txt': 'for the page' });
  const data = await eventually('told', async () => /event: sync\ndata: (.*z\.txt.*)/.exec(heard)?.[1]);
  request.destroy();
  const { service, files } = JSON.parse(data);
  assert.is(service, 'api');
  assert.ok(files.includes(at(project, 'src/z.txt')), data);
});

story('what the container makes is pulled, and left alone when it is the same', async ({ project, run }) => {
  await inApi(project, 'mkdir -p /made/deep && echo lock > /made/deep/lock && echo no > /made/x.log');
  await eventually(
    'pulled',
    async () => (await readFile(at(project, 'made/deep/lock'), 'utf8').catch(() => '')) === 'lock\n',
  );
  await eventually('told', async () => run.output().includes('pulled 1 file'));
  assert.equal(await readdir(at(project, 'made')), ['deep']);
  await inApi(project, 'echo other > /made/deep/lock');
  await eventually('again', async () => (await readFile(at(project, 'made/deep/lock'), 'utf8')) === 'other\n');
  assert.is(run.output().split('pulled 1 file').length, 3);
});

story('Ctrl-C ends it and stops the services', async ({ project, run }) => {
  run.kill('SIGINT');
  assert.is((await run.done).code, 130);
  assert.is((await project.devenv('ps', '--quiet')).stdout, '');
});

story('what was edited while nothing watched is brought over at the start', async (context) => {
  const { project } = context;
  await project.write({ 'src/z.txt': 'edited meanwhile' });
  context.run = project.begin('watch');
  await shows(project, 'cat /app/src/z.txt', 'edited meanwhile');
  context.run.kill('SIGINT');
  assert.is((await context.run.done).code, 130);
  assert.is(await inApi(project, 'echo runs on'), 'runs on');
});

story('past the limit of inotify it says which sysctl mends it, and goes on', async (context) => {
  const { project } = context;
  // The limits of a user namespace are its own (namespaces(7), /proc/sys/user).
  context.run = project.beginInNamespace(
    'echo 4 > /proc/sys/user/max_inotify_watches && exec "$@"',
    'watch',
    '--no-up',
  );
  const { run } = context;
  await eventually('told', async () => /sysctl fs\.inotify\.max_user_watches=\d+ mends it/.test(run.output()), 20_000);
  await eventually('watching', async () => run.output().includes('_devenv/events'), 20_000);
  await project.write({ 'src/z.txt': 'seen by looking', 'src/new/deep/file': 'new' });
  await shows(project, 'cat /app/src/z.txt /app/src/new/deep/file', 'seen by lookingnew');
  run.kill('SIGINT');
  await run.done;
});

story.run();
