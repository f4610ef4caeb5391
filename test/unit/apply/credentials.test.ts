import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  findCredentials,
  forgetCredentials,
  keepCredentials,
  listCredentials,
  registryNamed,
} from '../../../src/apply/credentials.js';
import { registryAuth, registryConfig } from '../../../src/apply/registry-auth.js';

const credentials = suite('credentials');
let folder = '';
let env: Record<string, string> = {};
const pathBefore = process.env.PATH;

/** A helper that keeps one file a registry, as docker-credential-helpers' protocol has it. */
const helper = (kept: string) => `#!/bin/sh
read -r line
case $1 in
store) printf %s "$line" > ${kept}/last;;
get) name=$(printf %s "$line" | tr -c a-zA-Z0-9. _); [ -f ${kept}/$name ] && cat ${kept}/$name || { echo 'credentials not found in native keychain'; exit 1; };;
erase) rm -f ${kept}/$(printf %s "$line" | tr -c a-zA-Z0-9. _);;
list) echo '{"kept.example": "user"}';;
esac
`;

credentials.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dv-credentials-'));
  env = { DOCKER_CONFIG: folder };
  process.env.PATH = `${folder}:${pathBefore}`;
  writeFileSync(path.join(folder, 'docker-credential-test'), helper(folder));
  chmodSync(path.join(folder, 'docker-credential-test'), 0o755);
});
credentials.after.each(() => {
  process.env.PATH = pathBefore;
  rmSync(folder, { recursive: true, force: true });
});

const file = () => path.join(folder, 'config.json');
const write = (config: object) => writeFileSync(file(), JSON.stringify(config));
const read = () => JSON.parse(readFileSync(file(), 'utf8'));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const secret = (username: string, value: string) => JSON.stringify({ Username: username, Secret: value });

credentials('what the docker command wrote is found, whatever it called the registry', async () => {
  write({
    auths: {
      'https://index.docker.io/v1/': { auth: base64('hub:a:b') },
      'https://reg.example': { auth: base64('user:pass') },
      'token.example': { auth: base64('user:'), identitytoken: 'refresh' },
    },
  });
  assert.equal(await findCredentials('docker.io', env), { username: 'hub', password: 'a:b' });
  assert.equal(await findCredentials('reg.example', env), { username: 'user', password: 'pass' });
  assert.equal(await findCredentials('token.example', env), { identitytoken: 'refresh' });
  assert.is(await findCredentials('other.example', env), undefined);
});

credentials('a log-in is kept beside what else stands in the file, for its owner only', async () => {
  write({ auths: { 'a.example': { auth: base64('a:a') } }, psFormat: 'table' });
  assert.is(await keepCredentials('docker.io', env, { username: 'me', password: 'pw' }), true);
  assert.equal(read(), {
    auths: { 'a.example': { auth: base64('a:a') }, 'https://index.docker.io/v1/': { auth: base64('me:pw') } },
    psFormat: 'table',
  });
  assert.is(statSync(file()).mode & 0o777, 0o600);
  assert.is(await forgetCredentials('docker.io', env), true);
  assert.is(await forgetCredentials('docker.io', env), false);
  assert.equal(Object.keys(read().auths), ['a.example']);
});

credentials('a helper is asked first, the one of the registry before the store', async () => {
  write({ credsStore: 'missing', credHelpers: { 'kept.example': 'test' }, auths: {} });
  writeFileSync(path.join(folder, 'kept.example'), secret('user', 's3cret'));
  assert.equal(await findCredentials('kept.example', env), { username: 'user', password: 's3cret' });
  writeFileSync(path.join(folder, 'kept.example'), secret('<token>', 'refresh'));
  assert.equal(await findCredentials('kept.example', env), { identitytoken: 'refresh' });
  const failure = await findCredentials('other.example', env).catch((error: Error) => error.message);
  assert.is(failure, 'the credential helper docker-credential-missing is not installed');
});

credentials('with a helper no password stands in the file', async () => {
  write({ credsStore: 'test' });
  assert.is(await keepCredentials('kept.example', env, { username: 'u', password: 'p' }), false);
  assert.equal(read(), { credsStore: 'test', auths: { 'kept.example': {} } });
  const told = JSON.parse(readFileSync(path.join(folder, 'last'), 'utf8'));
  assert.equal(told, { ServerURL: 'kept.example', Username: 'u', Secret: 'p' });
  writeFileSync(path.join(folder, 'kept.example'), secret('u', 'p'));
  assert.is(await forgetCredentials('kept.example', env), true);
  assert.not(existsSync(path.join(folder, 'kept.example')));
});

credentials('a build hears of all of them', async () => {
  write({ credsStore: 'test', auths: { 'file.example': { auth: base64('f:f') } } });
  writeFileSync(path.join(folder, 'kept.example'), secret('user', 'pw'));
  const all = {
    'file.example': { username: 'f', password: 'f' },
    'kept.example': { username: 'user', password: 'pw' },
  };
  assert.equal(await listCredentials(env), all);
  assert.equal(JSON.parse(Buffer.from((await registryConfig(env))!, 'base64url').toString()), all);
  const header = JSON.parse(Buffer.from((await registryAuth('file.example/a:1', env))!, 'base64url').toString());
  assert.equal(header, { username: 'f', password: 'f', serveraddress: 'file.example' });
});

credentials('a file that is no JSON is named', async () => {
  writeFileSync(file(), '{"auths":');
  const failure = await findCredentials('a.example', env).catch((error: Error) => error.message);
  assert.match(String(failure), `${file()} is no JSON: `);
});

credentials('people write registries in many ways', () => {
  for (const hub of ['', 'docker.io', 'https://index.docker.io/v1/', 'registry-1.docker.io'])
    assert.is(registryNamed(hub), 'docker.io');
  assert.is(registryNamed('https://reg.example:5000/v2/'), 'reg.example:5000');
});

credentials.run();
