import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repoRoot } from '../../support/project.js';

const executable = suite('the executable');

executable('keeps --env-file, which Node 20 has as well, for itself', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dv-executable-'));
  try {
    writeFileSync(path.join(folder, 'compose.yaml'), 'services: {a: {image: x}}\n');
    const words = ['--env-file', 'none.env', 'config', '--quiet'];
    const { status, stderr } = spawnSync(path.join(repoRoot, 'bin/devenv'), words, { cwd: folder, encoding: 'utf8' });
    assert.is(status, 1);
    assert.match(stderr, `There is no env file ${path.join(folder, 'none.env')}.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

executable.run();
