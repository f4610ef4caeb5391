import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findProject, withUnselected } from '../../../src/flows/project.js';
import { Session } from '../../../src/flows/session.js';
import { container, project } from '../../support/projects.js';

const flows = suite('flows project');

function sessionIn(cwd: string, projectName?: string): Session {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const world = { cwd, env: {}, uid: 0, stdin: process.stdin, stdout: stream, stderr: stream, version: '1' };
  const options = { files: [], envFiles: [], profiles: [], progress: 'quiet', ansi: 'never' } as const;
  return new Session(world, projectName ? { ...options, projectName } : options);
}

flows('takes a service that was not named for no orphan', async () => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'devenv-project-'));
  const config = 'name: shop\nservices:\n  web: {image: w}\n  db: {image: d}\n';
  writeFileSync(path.join(cwd, 'compose.yaml'), config);
  const session = sessionIn(cwd);
  const { project: named } = await session.load(['web']);
  const there = [container(project({ db: {}, old: {} }), 'db'), container(project({ db: {}, old: {} }), 'old')];
  const known = await withUnselected(session, named, ['web'], there);
  assert.equal(known.disabledServices, ['db']);
  assert.is(await withUnselected(session, named, ['web'], []), named);
  rmSync(cwd, { recursive: true });
});

flows('takes nothing for an orphan while another service is not in order', async () => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'devenv-project-'));
  const config = 'name: shop\nservices:\n  web: {image: w}\n  db: {image: d, env_file: gone.env}\n';
  writeFileSync(path.join(cwd, 'compose.yaml'), config);
  const session = sessionIn(cwd);
  const { project: named } = await session.load(['web']);
  const known = await withUnselected(session, named, ['web'], [container(project({ db: {} }), 'db')]);
  assert.equal(known.disabledServices, ['db']);
  rmSync(cwd, { recursive: true });
});

flows('knows a project by its name alone where there is no config, and not without a name', async () => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'devenv-project-'));
  assert.equal(await findProject(sessionIn(cwd, 'shop')), { name: 'shop', loaded: undefined });
  let code = '';
  try {
    await findProject(sessionIn(cwd));
  } catch (error) {
    code = (error as { code: string }).code;
  }
  assert.is(code, 'no-config');
  rmSync(cwd, { recursive: true });
});

flows.run();
