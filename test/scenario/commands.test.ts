/** The commands on what is there: a project's own, and those on the engine's objects, by their flags and what they print. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  makeProject,
  rows,
  runOnOwnEngine,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const commands = suite<{ project: TestProject }>('commands');

commands.before(async (context) => {
  context.project = await makeProject({
    Dockerfile: `${busyboxDockerfile}CMD ["sleep", "1000"]\n`,
    'compose.yaml': `
services:
  api:
    build: .
    image: localhost:1/shop/api:1
    init: true
    volumes: [data:/data]
    depends_on: [db]
    ports: ["127.0.0.1::80"]
  db:
    image: localhost:1/shop/api:1
    pull_policy: never
    init: true
    command: sleep 1000
    environment: {DB_PASSWORD: hunter2}
  twice:
    image: localhost:1/shop/api:1
    profiles: [more]
    command: sh -c "sleep 1 & sleep 2"
volumes: {data: {}}
`,
  });
  await writeBusyboxRoot(context.project.folder);
  const up = await context.project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  assert.match(up.stderr, /hints? \(.*plain-secret/);
});

commands.after(async ({ project }) => project.remove());

async function ok(project: TestProject, ...args: string[]): Promise<string> {
  const result = await project.devenv(...args);
  assert.is(result.code, 0, `${args.join(' ')}: ${result.output}`);
  return result.stdout;
}

commands('lists take templates, tables of fields, and JSON', async ({ project }) => {
  assert.is(await ok(project, 'ps', '--format', '{{.Service}}={{upper .State}}'), 'api=RUNNING\ndb=RUNNING\n');
  const table = await ok(project, 'ps', '--format', 'table {{.Name}}\t{{.State}}');
  assert.match(table, /^NAME\s+STATE\nshop-api-1\s+running\nshop-db-1\s+running\n$/);
  const named = await ok(project, 'container', 'ls', '--format', '{{.Names}} {{.Label "com.docker.compose.service"}}');
  assert.equal(named.trim().split('\n').sort(), ['shop-api-1 api', 'shop-db-1 db']);
  const wrong = await project.devenv('ps', '--format', '{{.Nmae}}');
  assert.is(wrong.code, 1);
  assert.match(wrong.stderr, /no field "\.Nmae"[\s\S]*\.Name/);
});

commands('stats: one sample of each container', async ({ project }) => {
  const samples = rows(await ok(project, 'stats', '--no-stream', '--format', 'json'));
  assert.equal(samples.map(({ Name }) => Name).sort(), ['shop-api-1', 'shop-db-1']);
  for (const { MemUsage, PIDs } of samples) {
    assert.match(String(MemUsage), /^\d.*B \/ \d.*B$/);
    assert.ok(Number(PIDs) >= 2);
  }
});

commands('commit, tag, history, save, rm, load: an image goes round', async ({ project }) => {
  await ok(project, 'exec', 'api', 'touch', '/made-here');
  assert.match(await ok(project, 'container', 'diff', 'shop-api-1'), /^A \/made-here$/m);
  const commit = ['commit', 'api', 'kept:1', '--message', 'with a file', '--change', 'ENV KEPT=yes'];
  assert.match(await ok(project, ...commit), /^sha256:[0-9a-f]{64}\n$/);
  await ok(project, 'image', 'tag', 'kept:1', 'kept:2');
  assert.match(await ok(project, 'image', 'inspect', '--format', '{{json .Config.Env}}', 'kept:2'), 'KEPT=yes');
  const [newest] = rows(await ok(project, 'image', 'history', '--format', 'json', 'kept:1'));
  assert.is(newest?.Comment, 'with a file');
  await ok(project, 'image', 'save', '--output', 'kept.tar', 'kept:1');
  await ok(project, 'image', 'rm', 'kept:1', 'kept:2');
  assert.is((await project.devenv('image', 'inspect', 'kept:1')).code, 1);
  assert.match(await ok(project, 'image', 'load', '--input', 'kept.tar'), 'Loaded image: kept:1');
  assert.match(await ok(project, 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'), 'kept:1');
});

commands('export a container, import it as an image', async ({ project }) => {
  await ok(project, 'export', 'api', '--output', 'api.tar');
  assert.ok((await stat(path.join(project.folder, 'api.tar'))).size > 100_000);
  await ok(project, 'image', 'import', 'api.tar', 'flat:1', '--change', 'CMD ["sh"]');
  assert.is(await ok(project, 'image', 'inspect', '--format', '{{index .Config.Cmd 0}}', 'flat:1'), 'sh\n');
});

commands('push names what could not be pushed', async ({ project }) => {
  const push = await project.devenv('push');
  assert.is(push.code, 1);
  assert.match(push.stderr, /api: .*localhost:1/);
  assert.is((await project.devenv('push', '--ignore-push-failures')).code, 0);
  assert.match(await ok(project, 'push', '--dry-run'), 'localhost:1/shop/api:1');
});

commands('volumes: create, list, inspect, remove, prune', async ({ project }) => {
  assert.is(await ok(project, 'volume', 'create', '--label', 'of=test', 'mine'), 'mine\n');
  assert.is(await ok(project, 'volume', 'ls', '--filter', 'label=of=test', '--quiet'), 'mine\n');
  assert.is(await ok(project, 'volume', 'inspect', '--format', '{{.Labels.of}}', 'mine'), 'test\n');
  const used = await project.devenv('volume', 'rm', 'shop_data', 'mine');
  assert.is(used.code, 1);
  assert.is(used.stdout, 'mine\n');
  assert.match(used.stderr, /volume is in use/);
  await ok(project, 'volume', 'create', 'spare');
  assert.is((await project.devenv('volume', 'prune', '--all')).code, 1);
  assert.match(await ok(project, 'volume', 'prune', '--all', '--force'), /Deleted Volumes:\nspare\n/);
  assert.match(await ok(project, 'volume', 'ls', '-q'), 'shop_data');
});

commands('networks: create, connect, disconnect, remove', async ({ project }) => {
  assert.match(await ok(project, 'network', 'create', '--subnet', '172.29.77.0/24', 'side'), /^[0-9a-f]{64}\n$/);
  await ok(project, 'network', 'connect', '--alias', 'other', 'side', 'shop-db-1');
  const format = '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{end}}';
  assert.is(await ok(project, 'container', 'inspect', '--format', format, 'shop-db-1'), 'shop_default side \n');
  await ok(project, 'network', 'disconnect', 'side', 'shop-db-1');
  assert.is(await ok(project, 'network', 'rm', 'side'), 'side\n');
  assert.not.match(await ok(project, 'network', 'ls', '--format', '{{.Name}}'), /^side$/m);
});

commands('containers by name: stop, start, rename, port, top, logs, rm', async ({ project }) => {
  assert.match(await ok(project, 'container', 'port', 'shop-api-1', '80'), /^127\.0\.0\.1:\d+\n$/);
  assert.match(await ok(project, 'container', 'top', 'shop-db-1'), /sleep 1000/);
  await ok(project, 'run', '--detach', '--name', 'once', 'db', 'sh', '-c', 'echo out; echo err >&2; exit 3');
  assert.is(await ok(project, 'container', 'wait', 'once'), '3\n');
  const logs = await project.devenv('container', 'logs', 'once');
  assert.is(logs.stdout, 'out\n');
  assert.is(logs.stderr, 'err\n');
  await ok(project, 'container', 'rename', 'once', 'twice');
  assert.is(await ok(project, 'container', 'rm', 'twice'), 'twice\n');
  assert.is(await ok(project, 'container', 'stop', '--time', '1', 'shop-db-1'), 'shop-db-1\n');
  assert.is(await ok(project, 'container', 'inspect', '--format', '{{.State.Status}}', 'shop-db-1'), 'exited\n');
  await ok(project, 'container', 'start', 'shop-db-1');
  const missing = await project.devenv('container', 'kill', 'nobody');
  assert.is(missing.code, 1);
  assert.match(missing.stderr, 'No such container: nobody');
});

commands('system: df, info, events, prune', async ({ project }) => {
  const usage = rows(await ok(project, 'system', 'df', '--format', 'json'));
  assert.equal(
    usage.map(({ Type }) => Type),
    ['Images', 'Containers', 'Local Volumes', 'Build Cache'],
  );
  assert.is(usage[1]?.Active, '2');
  assert.match(await ok(project, 'system', 'df', '--verbose'), /shop_data/);
  assert.is(await ok(project, 'system', 'info', '--format', '{{.OSType}}'), 'linux\n');
  const events = await ok(project, 'system', 'events', '--since', '10m', '--until', '0s', '--filter', 'type=volume');
  assert.match(events, /volume create mine/);
  await ok(project, 'system', 'prune', '--force');
  assert.match(await ok(project, 'ps', '--format', '{{.Service}}'), 'api\ndb\n');
});

commands('viz draws what depends on what', async ({ project }) => {
  assert.match(await ok(project, 'viz', '--image'), /digraph "shop" \{[\s\S]*"api" -> "db" \[label="started"\]/);
  const mermaid = await ok(project, 'viz', '--format', 'mermaid', '--volumes');
  assert.match(mermaid, /^flowchart LR\n[\s\S]*s_api -->\|started\| s_db[\s\S]*v_data\[\("data"\)\]/);
});

commands('cp: into every replica, with owners when asked', async ({ project }) => {
  await project.write({ 'note.txt': 'hello\n' });
  await ok(project, 'cp', 'note.txt', 'db:/tmp/');
  assert.is(await ok(project, 'exec', '-T', 'db', 'cat', '/tmp/note.txt'), 'hello\n');
  assert.is(await ok(project, 'exec', '-T', 'db', 'stat', '-c', '%u:%g', '/tmp/note.txt'), '0:0\n');
  await ok(project, 'cp', 'db:/tmp/note.txt', 'back.txt');
  assert.is(await readFile(path.join(project.folder, 'back.txt'), 'utf8'), 'hello\n');
});

commands('config --explain masks what is secret; lint says why it should not be there', async ({ project }) => {
  const explained = await ok(project, 'config', '--explain', 'services.db.environment.DB_PASSWORD');
  assert.match(explained, /= "\*{8}"\n\s+from\s+compose\.yaml:\d+:\d+/);
  assert.not.match(explained, 'hunter2');
  const revealed = await ok(project, 'config', '--explain', 'services.db.environment.DB_PASSWORD', '--reveal');
  assert.match(revealed, 'hunter2');
  const lint = await project.devenv('--profile', 'more', 'lint', '--format', 'json');
  assert.is(lint.code, 1);
  const found = JSON.parse(lint.stdout).map((one: { rule: string; service: string }) => `${one.service} ${one.rule}`);
  assert.equal(found, ['db plain-secret', 'twice several-jobs']);
});

commands('doctor finds the machine good enough for what has just run', async ({ project }) => {
  const doctor = await project.devenv('doctor', '--offline', '--format', 'json');
  assert.is(doctor.code, 0, doctor.output);
  const { findings } = JSON.parse(doctor.stdout) as { findings: { name: string; state: string }[] };
  const state = (name: string) => findings.find((one) => one.name === name)?.state;
  assert.equal([state('overlay'), state('engine'), state('config')], ['ok', 'ok', 'ok']);
});

commands('completion knows commands, flags and the names of services', async ({ project }) => {
  assert.is(await ok(project, 'complete', '--', 'logs', ''), 'api\ndb\ntwice\n');
  assert.match(await ok(project, 'complete', '--', 'volume', 'rm', 's'), 'shop_data');
  assert.is(await ok(project, 'complete', '--', 'up', '--detac'), '--detach\n');
  for (const shell of ['bash', 'zsh', 'fish']) assert.match(await ok(project, 'completion', shell), 'devenv complete');
});

runOnOwnEngine(commands, 'commands', 'it prunes, which on a shared engine takes what is not its own');
