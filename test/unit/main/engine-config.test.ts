import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readEngineConfig } from '../../../runtime/main/engine-config.js';

const config = suite('engine config');
let folder = '';

config.before.each(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'devenv-config-'));
});
config.after.each(() => rmSync(folder, { recursive: true, force: true }));

function read(settings: object | string, env: Record<string, string> = {}, system?: object) {
  const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
  writeFileSync(path.join(folder, 'engine.json'), text);
  const ofSystem = path.join(folder, 'system.json');
  if (system) writeFileSync(ofSystem, JSON.stringify(system));
  return readEngineConfig(folder, { DEVENV_ENGINE_CONFIG: ofSystem, ...env });
}

config('without files nothing but the variables and defaults', () => {
  const { environment, layerLimitBytes } = readEngineConfig(folder, {
    DEVENV_ENGINE_CONFIG: path.join(folder, 'none'),
  });
  assert.is(environment.DEVENV_REGISTRY_MIRRORS, '');
  assert.is(environment.DEVENV_CERTS_DIRS, path.join(folder, 'certs.d'));
  assert.is(layerLimitBytes, 100 * 2 ** 30);
});

config('says what Docker says in daemon.json', () => {
  const { environment, layerLimitBytes } = read({
    'registry-mirrors': ['https://hub.near'],
    mirrors: { 'ghcr.io': ['http://gh.near:5000'] },
    'insecure-registries': ['10.0.0.0/8', 'reg:5000'],
    proxies: { 'https-proxy': 'http://proxy:3128', 'no-proxy': '.lan' },
    'max-layer-size': '20g',
  });
  assert.is(environment.DEVENV_REGISTRY_MIRRORS, 'https://hub.near,ghcr.io=http://gh.near:5000');
  assert.is(environment.DEVENV_INSECURE_REGISTRIES, '10.0.0.0/8,reg:5000');
  assert.is(environment.HTTPS_PROXY, 'http://proxy:3128');
  assert.is(environment.NO_PROXY, '.lan');
  assert.is(layerLimitBytes, 20 * 2 ** 30);
});

config('a variable beats the home, which beats the system', () => {
  const env = { https_proxy: 'http://mine:1', DEVENV_INSECURE_REGISTRIES: 'mine' };
  const system = { 'insecure-registries': ['system'], 'max-layer-size': 5 };
  const found = read({ proxies: { 'https-proxy': 'http://file:1' }, 'max-layer-size': '1k' }, env, system);
  assert.is(found.environment.HTTPS_PROXY, 'http://mine:1');
  assert.is(found.environment.DEVENV_INSECURE_REGISTRIES, 'mine');
  assert.is(found.layerLimitBytes, 1024);
});

config('says which file is wrong and where', () => {
  const file = path.join(folder, 'engine.json');
  assert.throws(() => read('{'), `${file} is no JSON: `);
  assert.throws(() => read({ mirror: [] }), `${file}: unknown key "mirror"; there are registry-mirrors,`);
  assert.throws(() => read({ 'max-layer-size': 'much' }), `${file}: "max-layer-size" cannot be "much"`);
  assert.throws(() => read({ mirrors: { 'ghcr.io': 'x' } }), `${file}: "mirrors" cannot be`);
});

config.run();
