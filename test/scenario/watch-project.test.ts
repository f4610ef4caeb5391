/** What is watched beside sources (the project's own files), by whom, and how it is told. */
import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, foreignEngine, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

const story = suite<{ project: TestProject; run: ReturnType<TestProject['begin']> }>('a project that is watched');

const forEver = "trap 'exit 0' TERM; while :; do sleep 0.05; done";
const config = `
name: life
include: [more.yml]
services:
  api:
    build: .
    environment: {FROM_DOTENV: "\${FROM_DOTENV}"}
    env_file: api.env
    command: ["sh", "-c", "echo api $$FROM_FILE $$FROM_DOTENV; ${forEver}"]
    develop:
      watch:
        - {path: src, action: sync, target: /src, initial_sync: true}
        - {path: conf, action: sync+restart, target: /conf}
  store:
    build: .
    command: ["sh", "-c", "echo start >> /data/log; trap 'echo stop >> /data/log; exit 0' TERM; while :; do sleep 0.05; done"]
    healthcheck: {test: ["CMD", "test", "-e", "/data/log"], interval: 1s}
    volumes: ["data:/data"]
    develop: {watch: [{path: rebuilt, action: rebuild}]}
  loop:
    build: .
    command: ["sh", "-c", "echo >> /shared/count; ${forEver}"]
    volumes: ["./shared:/shared"]
    develop: {watch: [{path: shared, action: restart}]}
    profiles: [looping]
volumes: {data: {}}
`;
const more = (word: string) => `
services:
  extra:
    build: .
    command: ["sh", "-c", "echo extra ${word}; ${forEver}"]
    develop: {watch: [{path: none, action: rebuild}]}
`;
const derived = `
name: derived
services:
  plain:
    build: .
    command: ["sh", "-c", "${forEver}"]
`;
const dockerfile = 'FROM scratch\nCOPY rootfs /\nENV PATH=/bin\nCOPY rebuilt /rebuilt\n';

const at = (project: TestProject, name: string) => path.join(project.folder, name);
const inside = async (project: TestProject, service: string, script: string) =>
  (await project.devenv('exec', '-T', service, 'sh', '-c', script)).stdout.trim();
const shows = (project: TestProject, service: string, script: string, wanted: string) =>
  eventually(`${script} gives ${wanted}`, async () => (await inside(project, service, script)) === wanted, 20_000);

interface News {
  readonly event: string;
  readonly service?: string;
  readonly files?: readonly string[];
  readonly ms?: number;
  readonly message?: string;
}

/** The watcher's lines of a run with `--progress json`. */
const newsOf = (run: ReturnType<TestProject['begin']>): News[] =>
  run
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"watch":'))
    .map((line) => (JSON.parse(line) as { watch: News }).watch);

story.before(async (context) => {
  const project = await makeProject({
    'devenv.yml': config,
    'more.yml': more('one'),
    'derived.yml': derived,
    Dockerfile: dockerfile,
    '.env': 'FROM_DOTENV=d1\n',
    'api.env': 'FROM_FILE=f1\n',
    'src/a': 'a1',
    'conf/c': 'c1',
    'shared/.keep': '',
    rebuilt: '1',
  });
  await writeBusyboxRoot(project.folder);
  await symlink('busybox', at(project, 'rootfs/bin/readlink'));
  context.project = project;
  context.run = project.begin('--progress', 'json', 'up');
  const { run } = context;
  await eventually(
    'up',
    async () => run.output().includes('api f1 d1') && run.output().includes('_devenv/events'),
    60_000,
  );
});

story.after(async ({ project, run }) => {
  run?.kill('SIGKILL');
  await run?.done;
  await project.remove();
});

story('initial_sync brings what no image has', async ({ project }) => {
  await shows(project, 'api', 'cat /src/a', 'a1');
});

story('a sync is told as a line of JSON: what, where, in how many milliseconds', async ({ project, run }) => {
  await project.write({ 'src/a': 'a2' });
  await shows(project, 'api', 'cat /src/a', 'a2');
  const news = await eventually('told', async () =>
    newsOf(run).find(({ event, files }) => event === 'sync' && files?.includes(at(project, 'src/a'))),
  );
  assert.is(news.service, 'api');
  assert.type(news.ms, 'number');
});

story('a restart keeps the container with its network and its mounts', async ({ project, run }) => {
  if (foreignEngine) return;
  const look = 'readlink /proc/self/ns/net; cat /layer; hostname';
  await inside(project, 'api', 'echo kept > /layer');
  const before = await inside(project, 'api', look);
  assert.match(before, 'kept');
  const starts = run.output().split('api f1 d1').length;
  await project.write({ 'conf/c': 'c2' });
  await eventually('restarted', async () => run.output().split('api f1 d1').length > starts);
  assert.is(await inside(project, 'api', look), before);
});

story('.env, an env file and an included file are watched, and applied as up would', async ({ project, run }) => {
  await project.write({ '.env': 'FROM_DOTENV=d2\n' });
  await eventually('.env', async () => run.output().includes('api f1 d2'), 20_000);
  await project.write({ 'api.env': 'FROM_FILE=f2\n' });
  await eventually('the env file', async () => run.output().includes('api f2 d2'), 20_000);
  await project.write({ 'more.yml': more('two') });
  await eventually('the included file', async () => run.output().includes('extra two'), 20_000);
  await eventually('told', async () => newsOf(run).filter(({ event }) => event === 'reload').length === 3);
});

story('an included file that is broken is told, and what runs is kept', async ({ project, run }) => {
  const ids = (await project.devenv('ps', '--quiet')).stdout;
  await project.write({ 'more.yml': `${more('three')}    imag: x\n` });
  const error = await eventually('told', async () => newsOf(run).find(({ event }) => event === 'error'), 20_000);
  assert.match(error.message ?? '', /imag/);
  await project.write({ 'more.yml': more('two') });
  await eventually('mended', async () => newsOf(run).filter(({ event }) => event === 'reload').length === 4, 20_000);
  assert.is((await project.devenv('ps', '--quiet')).stdout, ids);
});

story('what keeps data is stopped before its new container starts', async ({ project, run }) => {
  const before = await inside(project, 'store', 'cat /data/log');
  assert.is(before, 'start');
  await project.write({ rebuilt: '2' });
  await eventually('rebuilt', async () => newsOf(run).some(({ event }) => event === 'rebuild'), 40_000);
  await shows(project, 'store', 'cat /data/log', 'start\nstop\nstart');
});

story('a loop that a service causes itself is stopped and named', async (context) => {
  context.run.kill('SIGINT');
  assert.is((await context.run.done).code, 130);
  const { project } = context;
  context.run = project.begin('--profile', 'looping', 'up', 'loop');
  const { run } = context;
  await eventually('watching', async () => run.output().includes('_devenv/events'), 40_000);
  await project.write({ 'shared/count': 'begin' });
  await eventually('named', async () => /loop: shared\/count changes each time/.test(run.output()), 40_000);
  assert.match(run.output(), 'name it under "ignore:"');
  const restarts = () => run.output().split('restarted in').length;
  const count = restarts();
  await project.write({ 'shared/other': 'this one counts' });
  await eventually('others still count', async () => /restarted in .*shared\/other/.test(run.output()), 20_000);
  assert.ok(restarts() <= count + 2, run.output());
  run.kill('SIGINT');
  await run.done;
});

story('a watcher in the background is shown by ps and ended by down', async ({ project }) => {
  const up = await project.devenv('up', '--detach', '--watch');
  assert.is(up.code, 0, up.output);
  const { output } = await project.devenv('ps');
  const pid = Number(/Files are watched by process (\d+)/.exec(output)?.[1]);
  assert.ok(pid > 0, output);
  await eventually('it watches', async () => {
    await project.write({ 'src/a': `background ${Math.random()}` });
    return (await inside(project, 'api', 'cat /src/a')).startsWith('background');
  });
  const down = await project.devenv('down', '-t', '1', '--volumes');
  assert.is(down.code, 0, down.output);
  assert.is(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''), '');
});

story('--no-watch watches nothing', async ({ project }) => {
  const run = project.begin('up', '--no-watch', 'api');
  await eventually('up', async () => run.output().includes('api f2 d2'), 40_000);
  run.kill('SIGINT');
  await run.done;
  assert.not.match(run.output(), /^watch /m);
});

story('rules from a Dockerfile are said once, and written where they are wanted', async (context) => {
  const { project } = context;
  const files = ['-f', 'derived.yml'];
  context.run = project.begin(...files, 'up');
  const { run } = context;
  await eventually('said', async () => run.output().includes('[from its Dockerfile'), 60_000);
  await eventually('watching', async () => run.output().includes('_devenv/events'), 20_000);
  await project.write({ '.env': 'FROM_DOTENV=d3\n' });
  await eventually('read anew', async () => run.output().includes('the project is as its files say'), 20_000);
  assert.is(run.output().split('[from its Dockerfile').length, 2, run.output());
  run.kill('SIGINT');
  await run.done;
  const written = await project.devenv(...files, 'watch', '--write');
  assert.is(written.code, 0, written.output);
  const text = await readFile(at(project, 'derived.yml'), 'utf8');
  assert.match(text, /develop:\n\s+watch:\n\s+- \{ action: sync\+restart, path: \.\/rootfs, target: \/ \}/);
  assert.match((await project.devenv(...files, 'watch', '--write')).output, 'nothing to write');
});

const unnamed = async (project: TestProject) =>
  (
    await project.devenv(
      'image',
      'ls',
      '-q',
      '--filter',
      'dangling=true',
      '--filter',
      'label=com.docker.compose.project=life',
    )
  ).stdout.trim();

story('watch removes what its rebuilds leave without a name, --no-prune keeps it', async (context) => {
  const { project } = context;
  for (const [flags, kept] of [
    [['--no-prune'], true],
    [[], false],
  ] as const) {
    context.run = project.begin('watch', ...flags, 'store');
    const { run } = context;
    await eventually('watching', async () => run.output().includes('_devenv/events'), 60_000);
    await project.write({ rebuilt: `pruned: ${!kept}` });
    await eventually('rebuilt', async () => run.output().includes('rebuilt in'), 60_000);
    await eventually('left or gone', async () => ((await unnamed(project)) !== '') === kept, 10_000);
    run.kill('SIGINT');
    assert.is((await run.done).code, 130);
  }
});

story.run();
