import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { providedSecret } from '../../../src/apply/secret-provider.js';
import type { UserError } from '../../../src/errors.js';
import type { SecretProvider } from '../../../src/model/project.js';
import { project } from '../../support/projects.js';

const asking = suite<{ folder: string }>('secret provider');

asking.before.each(async (context) => {
  context.folder = await mkdtemp(path.join(os.tmpdir(), 'secret-'));
});
asking.after.each(({ folder }) => rm(folder, { recursive: true }));

const contextIn = (folder: string) => ({
  project: project({}, { workingDir: folder }),
  env: { PATH: process.env.PATH },
  locate: (place: string) => ({ file: place, line: 1, column: 1 }),
  secrets: new Map<string, Promise<Buffer>>(),
});

async function failure(folder: string, provider: SecretProvider, more: object = {}): Promise<UserError> {
  try {
    await providedSecret('token', provider, { ...contextIn(folder), ...more });
  } catch (error) {
    return error as UserError;
  }
  throw new Error('it was given');
}

asking('a program is told which secret, and is asked once', async ({ folder }) => {
  const context = contextIn(folder);
  const provider = { command: ['sh', '-c', 'echo x >> asked; printf "%s of %s\n" $DEVENV_SECRET $DEVENV_PROJECT'] };
  assert.is(String(await providedSecret('token', provider, context)), 'token of shop');
  await providedSecret('token', provider, context);
  assert.is(await readFile(path.join(folder, 'asked'), 'utf8'), 'x\n');
});

asking('bytes that are no text stay as they are', async ({ folder }) => {
  const given = await providedSecret('k', { command: ['printf', '\\377\\000\\001'] }, contextIn(folder));
  assert.equal([...given], [0xff, 0, 1]);
});

asking("a dotenv file by the package's rules", async ({ folder }) => {
  const dotenv = path.join(folder, '.env');
  await writeFile(dotenv, 'export A="two\\nlines" # why\nB=plain\n');
  assert.is(String(await providedSecret('a', { dotenv, key: 'A' }, contextIn(folder))), 'two\nlines');
});

asking('what fails says which, why and where, and not what it printed', async ({ folder }) => {
  const failed = await failure(folder, { command: ['sh', '-c', 'echo half; echo locked >&2; exit 4'] });
  assert.is(failed.message, 'The secret "token" cannot be had: its provider sh ended with 4: locked.');
  assert.is(failed.location?.file, 'secrets.token.x-secret-provider');
  assert.not.match(failed.message, 'half');
  assert.match((await failure(folder, { command: ['no-such-vault'] })).message, 'no-such-vault was not found');
  const dotenv = path.join(folder, '.env');
  assert.match((await failure(folder, { dotenv, key: 'A' })).message, 'there is no such file');
  await writeFile(dotenv, 'B=1\n');
  assert.match((await failure(folder, { dotenv, key: 'A' })).message, '.env has no A');
});

const shell = (script: string): SecretProvider => ({ command: ['sh', '-c', script] });

asking('only the last line break goes; what is left in the background is not waited for', async ({ folder }) => {
  const began = performance.now();
  const given = await providedSecret('k', shell('sleep 30 & echo $! > pid; printf "a\n\n"'), contextIn(folder));
  assert.is(String(given), 'a\n');
  assert.ok(performance.now() - began < 20_000);
  process.kill(Number(await readFile(path.join(folder, 'pid'), 'utf8')));
});

asking('one that hangs, prints nothing or too much is named for it', async ({ folder }) => {
  const hangs = await failure(folder, shell('echo $$ > pid; sleep 30; echo late'), { limitMs: 300 });
  assert.match(hangs.message, 'its provider sh did not end within 0.3 s');
  assert.match((await failure(folder, shell('true'))).message, 'its provider sh printed nothing');
  assert.match((await failure(folder, shell('echo'))).message, 'its provider sh printed nothing');
  assert.match((await failure(folder, shell('yes'))).message, 'its provider sh printed more than 1 MiB');
  await writeFile(path.join(folder, 'vault'), '#!/bin/sh\n', { mode: 0o644 });
  assert.match((await failure(folder, { command: ['./vault'] })).message, './vault may not be executed');
});

asking('Ctrl-C ends the wait for it', async ({ folder }) => {
  const gaveUp = new AbortController();
  const reason = new Error('gave up');
  setTimeout(() => gaveUp.abort(reason), 100);
  assert.is(await failure(folder, shell('exec sleep 30'), { signal: gaveUp.signal }), reason);
});

asking.run();
