import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxDockerfile, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

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

story('the same input gives the same image, whenever it is built', async ({ project }) => {
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

story('a stage’s files come out as a folder', async ({ project }) => {
  const dest = join(project.folder, 'files');
  const { code, output } = await project.devenv('build', 'app', '--target', 'files', '-o', dest);
  assert.is(code, 0, output);
  assert.equal(await readdir(join(dest, 'out')), ['note']);
  assert.is(await readFile(join(dest, 'out/note'), 'utf8'), 'from outside');
});

story('checks a Dockerfile without building it', async ({ project }) => {
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
