import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openSecureContexts } from '../../../../runtime/images/registry/certificates.js';

const contexts = suite('what TLS connections are made with');
let folder = '';

contexts.before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'certificates-'));
  const own = path.join(folder, 'own.test:5000');
  mkdirSync(own);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'own.key'];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', 'own.crt', '-subj', '/CN=own'], { cwd: own, stdio: 'pipe' });
  rmSync(path.join(own, 'own.key'));
});
contexts.after(() => rmSync(folder, { recursive: true, force: true }));

contexts('authorities are read once for all hosts that have none of their own', async () => {
  const context = openSecureContexts({ DEVENV_CERTS_DIRS: folder });
  const first = await context('a.test', { isChecked: true });
  assert.is(await context('b.test:443', { isChecked: true }), first);
  assert.is.not(await context('own.test:5000', { isChecked: true }), first);
});

contexts('a host that nobody checks needs no authorities', async () => {
  const context = openSecureContexts({ DEVENV_CERTS_DIRS: folder });
  const unchecked = await context('a.test', { isChecked: false });
  assert.is(await context('own.test:5000', { isChecked: false }), unchecked);
  assert.is.not(await context('a.test', { isChecked: true }), unchecked);
});

contexts.run();
