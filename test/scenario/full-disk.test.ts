/** A disk that fills up while an image is made leaves nothing half-made, and more room is all that is needed. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  busyboxDockerfile,
  makeProject,
  rows,
  runOnOwnEngine,
  type TestProject,
  writeBusyboxRoot,
} from '../support/project.js';

const fullDisk = suite<{ project: TestProject }>('full disk');

fullDisk.before(async (context) => {
  context.project = await makeProject({
    Dockerfile: busyboxDockerfile,
    'devenv.yml': 'services: {web: {build: ., command: [sleep, "100000"], stop_signal: SIGKILL}}\n',
  });
  const { home, folder } = context.project;
  await mkdir(home, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', home]);
  await writeBusyboxRoot(folder);
  await writeFile(path.join(folder, 'rootfs/large'), Buffer.alloc(40 * 1024 * 1024, 1));
});

fullDisk.after(async ({ project }) => {
  await project.devenv('engine', 'stop', '--force');
  execFileSync('umount', ['-l', project.home]);
  await project.remove();
});

fullDisk('up says that the disk is full, and no image of it is there', async ({ project }) => {
  const up = await project.devenv('up', '--detach');
  assert.is.not(up.code, 0, up.output);
  assert.match(up.output, /no space left|disk is full/i, up.output);
  assert.not.match(up.output, /^\s+at .*\.js:\d+/m);
  const images = await project.devenv('image', 'ls', '--format', 'json');
  assert.equal(
    rows(images.stdout).filter((row) => String(row.Repository).includes('shop')),
    [],
  );
});

fullDisk('with more room the same command works', async ({ project }) => {
  execFileSync('mount', ['-o', 'remount,size=400m', project.home]);
  const up = await project.devenv('up', '--detach', '--wait');
  assert.is(up.code, 0, up.output);
});

runOnOwnEngine(fullDisk, 'full disk', 'it fills the disk of our engine');
