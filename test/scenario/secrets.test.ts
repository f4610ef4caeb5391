/** Where a secret must never be: looked for in everything that devenv writes and every engine tells. */
import { chmod, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requestOn } from '../support/engine.js';
import { giveBusybox, makeProject, runOnOwnEngine, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('secrets');

/** One for each provider, none of which is part of another word. */
const values = {
  fromfile: 'VALUEfile6b1c',
  fromenv: 'VALUEenv9d2e',
  fromdotenv: 'VALUEdotenv3f7a',
  fromprogram: 'VALUEprogram51c8',
};

const config = `
name: shop
services:
  web:
    build:
      context: .
      secrets: [fromfile, fromenv, fromdotenv, fromprogram]
    command: ["sh", "-c", "sleep 1000"]
    stop_signal: SIGKILL
    read_only: true
    user: "1000"
    volumes: ["data:/data"]
    secrets:
      - fromfile
      - fromenv
      - source: fromdotenv
        target: own
        uid: "1000"
        mode: 0400
      - fromprogram
volumes: {data: {}}
secrets:
  fromfile: {file: fromfile.txt}
  fromenv: {environment: FROM_ENV}
  fromdotenv: {x-secret-provider: {dotenv: vault.env, key: KEY}}
  fromprogram: {x-secret-provider: {command: [./vault]}}
`;

const dockerfile = `FROM contract-busybox:1
RUN --mount=type=secret,id=fromfile --mount=type=secret,id=fromenv --mount=type=secret,id=fromdotenv \\
    --mount=type=secret,id=fromprogram cat /run/secrets/* | wc -c > /length
`;

story.before(async (context) => {
  const project = await makeProject({
    'devenv.yml': config,
    Dockerfile: dockerfile,
    '.dockerignore': '*\n',
    'fromfile.txt': values.fromfile,
    'vault.env': `KEY="${values.fromdotenv}"\n`,
    vault: `#!/bin/sh\necho ${values.fromprogram}\n`,
  });
  await chmod(path.join(project.folder, 'vault'), 0o755);
  project.env.FROM_ENV = values.fromenv;
  Object.assign(context, { project });
  await giveBusybox(project);
  const { code, output } = await project.devenv('up', '--detach');
  assert.is(code, 0, output);
  assert.equal(secretsIn(output), []);
});

story.after(({ project }) => project.remove());

const secretsIn = (text: string | Buffer) => Object.values(values).filter((value) => text.includes(value));

/** Every file below a folder that has a secret in it. */
async function filesWithSecrets(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    if (secretsIn(await readFile(file)).length > 0) found.push(file);
  }
  return found;
}

story('build and container have them, whatever user and root they have', async ({ project }) => {
  const { stdout } = await project.devenv('exec', '-T', 'web', 'sh', '-c', 'cd /run/secrets; cat *; stat -c %a:%u own');
  assert.equal(secretsIn(stdout), Object.values(values));
  assert.match(stdout, '400:1000');
  const { stdout: length } = await project.devenv('exec', '-T', 'web', 'cat', '/length');
  assert.is(Number(length), Object.values(values).join('').length);
});

story('no answer about the image or the container has them', async ({ project }) => {
  const { name } = project;
  for (const url of [
    `/images/${name}-web/json`,
    `/images/${name}-web/history`,
    `/images/${name}-web/get`,
    `/containers/${name}-web-1/json`,
    `/containers/${name}-web-1/logs?stdout=1&stderr=1`,
    `/containers/${name}-web-1/export`,
    '/containers/json?all=1',
    '/system/df',
  ]) {
    const { status, text } = await requestOn(project.socket, 'GET', url);
    assert.is(status, 200, url);
    assert.equal(secretsIn(text), [], url);
  }
  const commit = await requestOn(project.socket, 'POST', `/commit?container=${name}-web-1&repo=kept&tag=1`, {});
  assert.is(commit.status, 201);
  assert.equal(secretsIn((await requestOn(project.socket, 'GET', '/images/kept:1/get')).text), []);
});

story('nothing that devenv prints or writes has them', async ({ project }) => {
  for (const args of [
    ['config'],
    ['config', '--format', 'json'],
    ['config', '--explain', 'secrets.fromprogram'],
    ['up', '--dry-run'],
    ['ps', '--format', 'json'],
    ['logs'],
    ['lint'],
    ['lock'],
    ['snapshot', 'save', 'one'],
    ['snapshot', 'ls', '--format', 'json'],
  ]) {
    const { output } = await project.devenv(...args);
    assert.equal(secretsIn(output), [], args.join(' '));
  }
  assert.equal(secretsIn(await readFile(path.join(project.folder, 'devenv-lock.yml'))), []);
  assert.equal(await filesWithSecrets(project.home), [], 'layers, records, snapshots');
  const run = path.dirname(project.socket);
  const held = await filesWithSecrets(run);
  assert.is(held.length, 3, 'what is mounted, and no log');
  for (const file of held) assert.ok(file.startsWith(path.join(run, 'files/')), file);
});

const copying = `
services:
  web:
    image: web
    command: ["serve", "--token=\${FROM_ENV}"]
    environment: {TOKEN: "\${FROM_ENV}", URL: "pg://u:\${FROM_ENV}@db", NAMED_SECRET: plain}
secrets:
  fromenv: {environment: FROM_ENV}
`;

story('config hides what a secret says wherever it was filled in, unless it is asked for', async ({ project }) => {
  await project.write({ 'copying.yml': copying });
  for (const more of [[], ['--format', 'json'], ['-o', 'written.yml']]) {
    const { code, output } = await project.devenv('-f', 'copying.yml', 'config', ...more);
    assert.is(code, 0, output);
    assert.equal(secretsIn(output), []);
    assert.match(output, '3 values are hidden; --show-secrets shows them.');
  }
  const written = await readFile(path.join(project.folder, 'written.yml'), 'utf8');
  assert.equal(secretsIn(written), []);
  assert.match(written, 'NAMED_SECRET: plain', 'no person looks over a shoulder at a file');
  const shown = await project.devenv('-f', 'copying.yml', 'config', '--show-secrets');
  assert.is(shown.stdout.split(values.fromenv).length, 4);
});

story('a provider that fails is named with its place, and down leaves nothing behind', async ({ project }) => {
  await project.write({ vault: '#!/bin/sh\necho sealed >&2\nexit 2\n' });
  const { code, stderr } = await project.devenv('up', '--detach', '--force-recreate');
  assert.is(code, 1);
  assert.match(stderr, 'The secret "fromprogram" cannot be had: its provider ./vault ended with 2: sealed.');
  assert.match(stderr, 'devenv.yml:');
  assert.is((await project.devenv('down', '-t', '0')).code, 0);
  assert.equal(await filesWithSecrets(path.dirname(project.socket)), []);
});

runOnOwnEngine(story, 'secrets', 'secrets that are no file are mounted from a folder of our engine');
