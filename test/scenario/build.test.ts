import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeRegistry } from '../support/fake-registry.js';
import {
  busyboxDockerfile,
  foreignEngine,
  makeProject,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const story = suite<{ project: TestProject }>('devenv build');

const CONFIG = `
name: building
services:
  base:
    build: .
  app:
    build:
      context: .
      dockerfile: app.Dockerfile
      additional_contexts: {base: "service:base", extra: ./extra}
      secrets: [token]
secrets:
  token: {file: ./token.txt}
`;

const APP = `FROM base AS made
COPY --from=extra note /note
RUN --mount=type=secret,id=token,required test "$(cat /run/secrets/token)" = hush
FROM scratch AS files
COPY --from=made /note /out/note
FROM made
CMD echo shell form
`;

/** What Docker's builder behind its API has no answer to, and is refused with a sentence there. */
const onOwn = foreignEngine ? story.skip : story;

story.before(async (context) => {
  const files = { 'devenv.yml': CONFIG, Dockerfile: busyboxDockerfile, 'app.Dockerfile': APP, 'token.txt': 'hush' };
  const { project } = Object.assign(context, {
    project: await makeProject({ ...files, 'extra/note': 'from outside' }),
  });
  await writeBusyboxRoot(project.folder);
});

story.after(({ project }) => project.remove());

story('builds on another service’s image, with a secret and a folder from outside', async ({ project }) => {
  const { code, output } = await project.devenv('build');
  assert.is(code, 0, output);
});

onOwn('the same input gives the same image, whenever it is built', async ({ project }) => {
  const ids: string[] = [];
  for (const name of ['one', 'two']) {
    const file = join(project.folder, `${name}.id`);
    const { code, output } = await project.devenv('build', 'base', '--reproducible', '--no-cache', '--iidfile', file);
    assert.is(code, 0, output);
    ids.push(await readFile(file, 'utf8'));
  }
  assert.match(ids[0]!, /^sha256:[0-9a-f]{64}$/);
  assert.is(ids[0], ids[1]);
});

onOwn('a stage’s files come out as a folder', async ({ project }) => {
  const dest = join(project.folder, 'files');
  const { code, output } = await project.devenv('build', 'app', '--target', 'files', '-o', dest);
  assert.is(code, 0, output);
  assert.equal(await readdir(join(dest, 'out')), ['note']);
  assert.is(await readFile(join(dest, 'out/note'), 'utf8'), 'from outside');
});

story('an output with push=true is in its registry then, under each name', async ({ project }) => {
  const registry = await startFakeRegistry();
  try {
    const names = [`${registry.host}/team/app:1`, `${registry.host}/team/app:2`];
    const config = `name: pushing\nservices:\n  app: {image: '${names[0]}', build: {context: ., tags: ['${names[1]}']}}\n`;
    await writeFile(join(project.folder, 'push.yml'), config);
    const { code, output } = await project.devenv('-f', 'push.yml', 'build', '-o', 'type=registry');
    assert.is(code, 0, output);
    const named = `type=image,name=${registry.host}/other:x,push=true`;
    assert.is((await project.devenv('-f', 'push.yml', 'build', '-o', named)).code, 0);
    const pushed = ['team/app/1', 'team/app/2', 'other/x'].map((name) => registry.manifests.has(name));
    assert.equal(pushed, [true, true, true]);
  } finally {
    await registry.close();
  }
});

story('archives of an image come out as docker and oci have them', async ({ project }) => {
  for (const type of ['docker', 'oci']) {
    const dest = join(project.folder, `${type}.tar`);
    const { code, output } = await project.devenv('build', 'base', '-o', `type=${type},dest=${dest}`);
    assert.is(code, 0, output);
    const names = execFileSync('tar', ['-tf', dest], { encoding: 'utf8' }).split('\n');
    assert.ok(names.includes('index.json') && names.includes('oci-layout'), names.join(' '));
  }
});

story('a secret may be larger than a header', async ({ project }) => {
  await writeFile(join(project.folder, 'large'), 'x'.repeat(300_000));
  const dockerfile = 'FROM base\nRUN --mount=type=secret,id=large test $(wc -c < /run/secrets/large) = 300000\n';
  await writeFile(join(project.folder, 'large.Dockerfile'), dockerfile);
  const service =
    '{build: {context: ., dockerfile: large.Dockerfile, additional_contexts: {base: "service:base"}, secrets: [large]}}';
  const config = `name: building\nservices:\n  base: {build: .}\n  app: ${service}\nsecrets: {large: {file: ./large}}\n`;
  await writeFile(join(project.folder, 'large.yml'), config);
  const { code, output } = await project.devenv('-f', 'large.yml', 'build', 'app');
  assert.is(code, 0, output);
});

story('several platforms at once are refused', async ({ project }) => {
  const { code, output } = await project.devenv('build', '--platform', 'linux/amd64,linux/arm64');
  assert.is(code, 1);
  assert.match(output, 'A build makes an image for one platform');
});

onOwn('checks a Dockerfile without building it', async ({ project }) => {
  const { code, output } = await project.devenv('build', 'app', '--check');
  assert.is(code, 1);
  assert.match(
    output,
    'WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
  );
  assert.match(output, '>>> CMD echo shell form');
  assert.match(output, 'Check complete, 1 warning has been found!');
});

story('a failure shows the line of the Dockerfile', async ({ project }) => {
  await writeFile(join(project.folder, 'token.txt'), 'other');
  const { code, output } = await project.devenv('build', 'app', '--no-cache');
  assert.is(code, 1);
  assert.match(output, />>> RUN --mount=type=secret,id=token/);
});

story('a secret that is not there is named before anything is built', async ({ project }) => {
  const { code, output } = await project.devenv('build', 'app', '--secret', 'id=x,src=/no/such/file');
  assert.is(code, 1);
  assert.match(output, 'The secret "x" cannot be read from /no/such/file: there is no such file.');
});

story.run();
