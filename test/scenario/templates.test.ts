/**
 * Every template, run for real: built from Debian's packages, waited for, asked over HTTP. All of them take some five
 * minutes, so that by default the two lightest ones run; DEVENV_TEST_TEMPLATES=all runs them all, or names some.
 */
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, freePort, makeProject, repoRoot, type TestProject } from '../support/project.js';

const templates = suite<{ project: TestProject }>('templates');
const names = readdirSync(path.join(repoRoot, 'templates')).sort();
const wanted = process.env.DEVENV_TEST_TEMPLATES ?? 'static-site node-api';

templates.before(async (context) => {
  context.project = await makeProject();
});

templates.after(async ({ project }) => project.remove());

templates('there are at least ten, and each is a config without a hint', async ({ project }) => {
  assert.ok(names.length >= 10, names.join(' '));
  for (const name of names) {
    const folder = path.join(repoRoot, 'templates', name);
    const config = await project.devenv('--project-directory', folder, 'config', '--quiet');
    assert.is(config.code, 0, `${name}: ${config.output}`);
    const lint = await project.devenv('--project-directory', folder, 'lint');
    assert.is(lint.code, 0, `${name}: ${lint.output}`);
  }
});

for (const name of names.filter((one) => wanted === 'all' || wanted.split(/[ ,]+/).includes(one))) {
  templates(`${name} serves its page`, async ({ project }) => {
    const folder = path.join(project.folder, name);
    await mkdir(folder, { recursive: true });
    const made = await project.devenv('init', '--template', name, folder);
    assert.is(made.code, 0, made.output);
    const port = await freePort();
    project.env.WEB_PORT = String(port);
    const up = await project.devenv('--project-directory', folder, 'up', '--detach', '--wait');
    assert.is(up.code, 0, up.output);
    const page = await eventually(`the page of ${name}`, async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      return answer?.ok && (await answer.text());
    });
    assert.match(page, 'It works');
    const down = await project.devenv('--project-directory', folder, 'down', '--volumes');
    assert.is(down.code, 0, down.output);
  });
}

templates.run();
