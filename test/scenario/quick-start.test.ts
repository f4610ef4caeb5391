/** The README's first command, on directories of its own: bootstrap, four builds, and a page whose counter comes out of PostgreSQL. */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, freePort, makeProject, repoRoot, type TestProject } from '../support/project.js';

const quickStart = suite<{ project: TestProject; port: number }>('quick start');

quickStart.before(async (context) => {
  context.port = await freePort();
  context.project = await makeProject();
  context.project.env.WEB_PORT = String(context.port);
  await cp(path.join(repoRoot, 'templates/node-postgres'), context.project.folder, { recursive: true });
});

quickStart.after(async ({ project }) => project.remove());

const visits = async (port: number) =>
  eventually('the page', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    return answer?.ok && Number(/id="visits">(\d+)</.exec(await answer.text())?.[1]);
  });

quickStart('a fresh machine builds and serves the template', async ({ project, port }) => {
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  assert.match(up.output, `http://127.0.0.1:${port}`);
  assert.match(up.output, /bootstrap|mmdebstrap|debian:bookworm-slim/i);
  assert.is(await visits(port), 1);
  assert.is(await visits(port), 2);
});

quickStart('static files come through the volume that api and web share', async ({ port }) => {
  const style = await fetch(`http://127.0.0.1:${port}/static/style.css`);
  assert.is(style.status, 200);
  assert.match(style.headers.get('content-type') ?? '', 'text/css');
});

quickStart('the counter survives down and up', async ({ project, port }) => {
  assert.is((await project.devenv('down')).code, 0);
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  assert.is(await visits(port), 3);
});

quickStart('the counter is gone after down --volumes', async ({ project, port }) => {
  assert.is((await project.devenv('down', '--volumes')).code, 0);
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
  assert.is(await visits(port), 1);
});

quickStart.run();
