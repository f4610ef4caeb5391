import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { eventually, giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('how services are wired');

const service = (name: string, more: string, command = 'sleep 1000') =>
  `  ${name}:\n    image: ${busyboxImage}\n    command: ["sh", "-c", ${JSON.stringify(command)}]\n    stop_signal: SIGKILL\n${more}`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': `services:\n${service('a', '')}` });
  await giveBusybox(context.project);
});

story.after.each(async ({ project }) => {
  await project.devenv('down', '--volumes', '--remove-orphans', '-t', '0');
});

story.after(async ({ project }) => project.remove());

async function up(project: TestProject, config: string, ...flags: string[]) {
  await project.write({ 'compose.yaml': config });
  const result = await project.devenv('up', '--detach', ...flags);
  assert.is(result.code, 0, result.output);
  return result;
}

const sh = async (project: TestProject, name: string, script: string) =>
  (await project.devenv('exec', '-T', name, 'sh', '-c', script)).stdout;

story('secrets and configs come from files, variables and the config, with owner and mode', async ({ project }) => {
  await project.write({ 'secret.txt': 'from a file\n', '.env': 'TOKEN=from a variable\n' });
  const uses = `    secrets:
      - plain
      - {source: plain, target: owned, uid: "1000", gid: "1001", mode: 0440}
      - {source: token, mode: "0400", uid: "5"}
    configs:
      - {source: inline, target: /etc/inline, mode: 0640}
`;
  const definitions = `secrets:
  plain: {file: ./secret.txt}
  token: {environment: TOKEN}
configs:
  inline: {content: "in the config\\n"}
`;
  await up(project, `services:\n${service('app', uses)}${definitions}`);
  const said = await sh(
    project,
    'app',
    'cat /run/secrets/plain /run/secrets/owned /run/secrets/token; echo; cat /etc/inline; cd /run/secrets; stat -c "%a %u %g" owned token /etc/inline',
  );
  assert.is(said, 'from a file\nfrom a file\nfrom a variable\nin the config\n440 1000 1001\n400 5 0\n640 0 0\n');
});

story('links are names, volumes_from takes the mounts along', async ({ project }) => {
  const config = `services:
${service('db', '    volumes: ["data:/data"]\n', 'echo kept > /data/file; exec sleep 1000')}
${service('app', '    links: ["db:store"]\n    volumes_from: ["db:ro"]\n')}
volumes: {data: {}}
`;
  await up(project, config);
  assert.match(await sh(project, 'app', 'ping -c 1 -w 5 store'), '1 packets received');
  assert.is(
    await sh(project, 'app', 'cat /data/file; touch /data/x 2>/dev/null || echo read-only'),
    'kept\nread-only\n',
  );
});

story('fixed addresses, aliases, several networks and a shared one', async ({ project }) => {
  const third = Math.floor(Math.random() * 250);
  const config = `services:
${service('web', `    networks: {front: {ipv4_address: 10.213.${third}.77, aliases: [www]}, back: {}}\n`)}
${service('client', '    networks: [front]\n')}
${service('sidecar', '    network_mode: service:web\n')}
networks:
  front: {ipam: {config: [{subnet: 10.213.${third}.0/24}]}}
  back: {internal: true}
`;
  await up(project, config);
  assert.match(await sh(project, 'client', 'ping -c 1 -w 5 www'), `10.213.${third}.77`);
  assert.match(await sh(project, 'sidecar', 'ip addr'), `10.213.${third}.77`);
});

story('a network whose config changed is made anew with its services', async ({ project }) => {
  const config = (label: string) => `services:\n${service('app', '')}networks: {default: {labels: {v: "${label}"}}}\n`;
  await up(project, config('1'));
  const changed = await up(project, config('2'));
  assert.match(changed.output, /network default is made anew|its config changed/);
  assert.match(await sh(project, 'app', 'echo runs'), 'runs');
});

story('a volume whose config changed keeps its data until it is agreed to lose it', async ({ project }) => {
  const config = (label: string) =>
    `services:\n${service('app', '    volumes: ["data:/data"]\n')}volumes: {data: {labels: {v: "${label}"}}}\n`;
  await up(project, config('1'));
  await sh(project, 'app', 'touch /data/file');
  const kept = await up(project, config('2'));
  assert.match(kept.output, /volume "data" changed/);
  assert.is(await sh(project, 'app', 'ls /data'), 'file\n');
  await up(project, config('2'), '--yes');
  assert.is(await sh(project, 'app', 'ls /data'), '');
});

story('ps tells of mounts as Compose does: short, and how many are local volumes', async ({ project }) => {
  await up(
    project,
    `services:\n${service('app', '    volumes: ["a-rather-long-name:/a", /b, ".:/c"]\n')}volumes: {a-rather-long-name: {}}\n`,
  );
  const listed = async (...flags: string[]) =>
    rows<{ Mounts: string; LocalVolumes: string; Size: string }>(
      (await project.devenv('ps', '--format', 'json', ...flags)).stdout,
    )[0]!;
  const { Mounts, LocalVolumes, Size } = await listed();
  assert.equal([LocalVolumes, Size], ['2', '0B']);
  assert.ok(
    Mounts.split(',').every((name) => name.length <= 15),
    Mounts,
  );
  assert.match((await listed('--no-trunc')).Mounts, `${project.name}_a-rather-long-name`);
});

story('what is external must be there, and stays', async ({ project }) => {
  const config = `services:\n${service('app', '    networks: [shared]\n')}networks: {shared: {external: true, name: nobody-has-this}}\n`;
  await project.write({ 'compose.yaml': config });
  const missing = await project.devenv('up', '--detach');
  assert.is(missing.code, 1);
  assert.match(missing.output, 'nobody-has-this declared as external, but could not be found');
});

story('a link to a service that is left out is none', async ({ project }) => {
  const config = `services:\n${service('app', '    links: [db]\n')}${service('db', '')}`;
  await up(project, config, '--no-deps', 'app');
  assert.match(await sh(project, 'app', 'nslookup db 2>&1; echo looked'), 'looked');
  assert.is((await project.devenv('ps', '--services')).stdout, 'app\n');
});

story(
  'start takes along what a service depends on, by the labels alone where the config is elsewhere',
  async ({ project }) => {
    const depends = '    depends_on: [db]\n';
    await up(project, `services:\n${service('app', depends)}${service('db', '')}`);
    await project.devenv('stop', '-t', '0');
    const started = await project.devenv('--project-directory', '/', '-p', project.name, 'start', 'app');
    assert.is(started.code, 0, started.output);
    assert.is((await project.devenv('ps', '--services')).stdout, 'app\ndb\n');
  },
);

story('Ctrl-C stops what was named, lets go on what it needs, and shows what its hooks print', async ({ project }) => {
  const app = `    depends_on: [db]\n    pre_stop: [{command: ["echo", "last words"]}]\n`;
  await project.write({ 'compose.yaml': `services:\n${service('app', app)}${service('db', '')}` });
  const run = project.begin('up', 'app');
  await eventually('the foreground', async () => run.output().includes('Attaching to app-1'));
  run.kill('SIGINT');
  const done = await run.done;
  assert.is(done.code, 130, done.output);
  assert.match(done.stdout, /^app-1 -> {2}\| last words$/m);
  assert.is((await project.devenv('ps', '--services')).stdout, 'db\n');
});

story('hooks run after the start and before the stop', async ({ project }) => {
  const hooks = `    volumes: ["data:/data"]
    post_start:
      - {command: ["sh", "-c", "until test -w /data; do sleep 0.05; done; echo started as $$(id -u) $$WHO > /data/log"], user: "7", environment: [WHO=hook]}
    pre_stop:
      - {command: ["sh", "-c", "echo stopping >> /data/log"]}
`;
  const config = `services:\n${service('app', hooks, 'chmod 777 /data; exec sleep 1000')}volumes: {data: {}}\n`;
  await up(project, config);
  await eventually('the hook', async () => (await sh(project, 'app', 'cat /data/log')) === 'started as 7 hook\n');
  assert.is((await project.devenv('stop')).code, 0);
  const read = await project.devenv('run', '--rm', '-T', 'app', 'cat', '/data/log');
  assert.is(read.stdout, 'started as 7 hook\nstopping\n');
});

story('deploy gives limits, replicas and the restart policy', async ({ project }) => {
  const deploy = `    deploy:
      replicas: 2
      resources: {limits: {memory: 64M, pids: 50}, reservations: {memory: 32M}}
      restart_policy: {condition: on-failure, max_attempts: 2}
`;
  await up(project, `services:\n${service('app', deploy)}`);
  const ps = rows<{ Name: string }>((await project.devenv('ps', '--format', 'json')).stdout);
  assert.is(ps.length, 2);
});

story('identical builds are done once', async ({ project }) => {
  await project.write({ Dockerfile: `FROM ${busyboxImage}\nRUN echo built > /built\n` });
  const built = (name: string) =>
    `  ${name}:\n    build: .\n    image: ${project.name}-once:1\n    command: ["sleep", "1000"]\n    stop_signal: SIGKILL\n`;
  const result = await up(project, `services:\n${built('one')}${built('two')}`, '--progress', 'plain');
  assert.is(result.output.match(/Image \S+-once:1 +Building/g)?.length, 1, result.output);
});

story('a provider is asked, and what it tells is in the environment of who depends on it', async ({ project }) => {
  const script = `#!/bin/sh
echo "$@" >> "$CALLS"
echo '{"type": "info", "message": "working"}'
[ "$3" = down ] || echo '{"type": "setenv", "message": "URL=cloud://db"}'
`;
  await project.write({ 'bin/cloud': script });
  await chmod(path.join(project.folder, 'bin/cloud'), 0o755);
  const before = { ...project.env };
  const calls = path.join(project.folder, 'calls');
  Object.assign(project.env, { PATH: `${path.join(project.folder, 'bin')}:${project.env.PATH}`, CALLS: calls });
  const result = await up(
    project,
    `services:
  db: {provider: {type: cloud, options: {size: 2, tag: [a, b]}}}
  app: {image: ${busyboxImage}, command: ["sh", "-c", "echo got $$DB_URL; sleep 1000"], depends_on: [db], stop_signal: SIGKILL}
`,
  );
  assert.match(result.output, 'db  working');
  assert.match((await project.devenv('logs', 'app')).stdout, 'got cloud://db');
  assert.is((await project.devenv('down')).code, 0);
  const told = await readFile(calls, 'utf8');
  const asked = (verb: string) => `compose --project-name=${project.name} ${verb} --size=2 --tag=a --tag=b db\n`;
  assert.is(told, asked('up') + asked('down'));
  Object.assign(project.env, { PATH: before.PATH });
});

story.run();
