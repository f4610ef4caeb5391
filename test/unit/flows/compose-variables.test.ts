import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withComposeVariables } from '../../../src/flows/compose-variables.js';

const reading = suite<{ folder: string }>("Compose's variables in .env");

reading.before.each((context) => {
  context.folder = mkdtempSync(path.join(tmpdir(), 'variables-'));
});
reading.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const none = { files: [], envFiles: [] };

reading('stand behind the shell, and nothing else is taken', ({ folder }) => {
  writeFileSync(path.join(folder, '.env'), 'COMPOSE_REMOVE_ORPHANS=1\nCOMPOSE_ANSI=never\nSECRET=x\n');
  const env = withComposeVariables({ COMPOSE_ANSI: 'always' }, { cwd: folder, ...none });
  assert.equal(env, { COMPOSE_ANSI: 'always', COMPOSE_REMOVE_ORPHANS: '1' });
});

reading('come from the folder of the config, or the env files that are named', ({ folder }) => {
  writeFileSync(path.join(folder, '.env'), 'COMPOSE_MENU=false\n');
  writeFileSync(path.join(folder, 'other'), 'COMPOSE_MENU=true\n');
  const files = [path.join(folder, 'compose.yaml')];
  assert.equal(withComposeVariables({}, { ...none, cwd: '/', files }), { COMPOSE_MENU: 'false' });
  assert.equal(withComposeVariables({}, { ...none, cwd: folder, envFiles: ['other'] }), { COMPOSE_MENU: 'true' });
  assert.equal(withComposeVariables({}, { ...none, cwd: '/', projectDirectory: folder }), { COMPOSE_MENU: 'false' });
});

reading('a file that is not there or is broken says nothing', ({ folder }) => {
  assert.equal(withComposeVariables({ A: '1' }, { ...none, cwd: folder }), { A: '1' });
  writeFileSync(path.join(folder, '.env'), 'COMPOSE_MENU="open\n');
  assert.equal(withComposeVariables({}, { ...none, cwd: folder }), {});
});

reading.run();
