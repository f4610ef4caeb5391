import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProject } from '../../../../src/config/load.js';
import { projectJson } from '../../../../src/config/print/json.js';
import { type UserError, UserErrors } from '../../../../src/errors.js';
import type { Project } from '../../../../src/model/project.js';

const providers = suite('secret providers');

async function load(secret: string): Promise<{ project: Project; cwd: string }> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'provider-'));
  try {
    const config = `services: {web: {image: a, secrets: [token]}}\nsecrets:\n  token: ${secret}\n`;
    await writeFile(path.join(cwd, 'devenv.yml'), config);
    const { project } = await loadProject({ cwd, env: {}, files: [], envFiles: [], profiles: [], services: [] });
    return { project, cwd };
  } finally {
    await rm(cwd, { recursive: true });
  }
}

const providerOf = async (secret: string) => (await load(secret)).project.secretProviders?.token;

async function wrong(secret: string): Promise<string[]> {
  try {
    await load(secret);
  } catch (error) {
    const errors = error instanceof UserErrors ? error.errors : [error as UserError];
    return errors.map(({ code, location }) => `${code} ${location?.line}`);
  }
  return [];
}

providers('a program by its words, or as a line for the shell', async () => {
  assert.equal(await providerOf('{x-secret-provider: {command: [vault, read, a]}}'), {
    command: ['vault', 'read', 'a'],
  });
  assert.equal(await providerOf('{x-secret-provider: {command: "vault $$A | head"}}'), {
    command: ['sh', '-c', 'vault $A | head'],
  });
});

providers("a dotenv file beside the config; its key is the secret's name where none is given", async () => {
  const { project, cwd } = await load('{x-secret-provider: {dotenv: secrets/.env}}');
  assert.equal(project.secretProviders, { token: { dotenv: path.join(cwd, 'secrets/.env'), key: 'token' } });
  assert.is.not(projectJson(project).includes('secretProviders'), true);
});

providers('what is no provider is told with its place', async () => {
  assert.equal(await wrong('{x-secret-provider: {command: []}}'), ['bad-provider 3']);
  assert.equal(await wrong('{x-secret-provider: vault}'), ['bad-provider 3']);
  assert.equal(await wrong('{x-secret-provider: {dotenv: a, command: b}}'), ['bad-provider 3']);
  assert.equal(await wrong('{file: a, x-secret-provider: {dotenv: a}}'), ['conflicting-keys 3']);
  assert.equal(await wrong('{name: a}'), ['missing-key 3']);
});

providers.run();
