import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { locateEngine } from '../../../src/engine/locate.js';

const locate = suite('engine locate');

locate('is ours unless another is named, whatever DOCKER_HOST says', () => {
  const found = locateEngine(undefined, { DOCKER_HOST: 'unix:///x.sock', DEVENV_RUNTIME_DIR: '/r' }, 0);
  assert.equal(found.address, { socketPath: '/r/engine.sock' });
  assert.ok(found.own);
});

locate('has its place by root or by XDG', () => {
  assert.equal(locateEngine(undefined, {}, 0).address, { socketPath: '/run/devenv/engine.sock' });
  const user = locateEngine(undefined, { XDG_RUNTIME_DIR: '/run/user/7', HOME: '/home/u' }, 7);
  assert.equal(user.address, { socketPath: '/run/user/7/devenv/engine.sock' });
  assert.ok(user.own && user.paths.home === '/home/u/.local/share/devenv');
});

locate('takes names and addresses, the flag before the variable', () => {
  assert.equal(locateEngine('unix:///a.sock', { DEVENV_ENGINE: 'docker' }, 0).address, { socketPath: '/a.sock' });
  assert.equal(locateEngine('tcp://10.0.0.1:2375', {}, 0).address, { host: '10.0.0.1', port: 2375 });
  assert.equal(locateEngine(undefined, { DEVENV_ENGINE: 'docker', HOME: '/nowhere' }, 0).address, {
    socketPath: '/var/run/docker.sock',
  });
  assert.equal(locateEngine('docker', { DOCKER_HOST: 'unix:///d.sock' }, 0).address, { socketPath: '/d.sock' });
  assert.throws(() => locateEngine('dokcer', {}, 0), /names no engine/);
});

locate("reads the docker command's contexts", () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'devenv-context-'));
  const id = createHash('sha256').update('far').digest('hex');
  mkdirSync(path.join(home, '.docker/contexts/meta', id), { recursive: true });
  writeFileSync(path.join(home, '.docker/config.json'), '{"currentContext":"far"}');
  const meta = { Endpoints: { docker: { Host: 'unix:///far.sock' } } };
  writeFileSync(path.join(home, '.docker/contexts/meta', id, 'meta.json'), JSON.stringify(meta));
  assert.equal(locateEngine('docker', { HOME: home }, 0).address, { socketPath: '/far.sock' });
  assert.throws(() => locateEngine('docker', { HOME: home, DOCKER_CONTEXT: 'gone' }, 0), /no docker context "gone"/);
  rmSync(home, { recursive: true });
});

locate.run();
