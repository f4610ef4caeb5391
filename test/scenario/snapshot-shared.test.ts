/** A snapshot where the file system can share blocks: it takes no room. */
import { execFile } from 'node:child_process';
import { mkdir, statfs, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { giveBusybox, makeProject, runOnOwnEngine } from '../support/project.js';

const run = promisify(execFile);
const story = suite('snapshot on btrfs');
const SIZE_MB = 60;

const config = `
name: shared
services:
  db: {image: ${busyboxImage}, command: [sleep, "1000"], stop_signal: SIGKILL, volumes: ["data:/data"]}
volumes: {data: {}}
`;

const hasBtrfs = () =>
  run('mkfs.btrfs', ['--version']).then(
    () => true,
    () => false,
  );

story('a copy shares its blocks with the volume, and is whole when that changes', async () => {
  if (process.getuid?.() !== 0 || !(await hasBtrfs())) return console.log('skipped without root: needs mkfs.btrfs');
  const project = await makeProject({ 'devenv.yml': config });
  const disk = path.join(project.folder, 'disk');
  await mkdir(project.home, { recursive: true });
  await writeFile(disk, '');
  await truncate(disk, 1 << 29);
  await run('mkfs.btrfs', ['-q', disk]);
  await run('mount', ['-o', 'loop', disk, project.home]);
  try {
    await giveBusybox(project);
    const inDb = async (script: string) => (await project.devenv('exec', '-T', 'db', 'sh', '-c', script)).stdout.trim();
    const freeMb = async () => {
      await run('sync', ['-f', project.home]);
      const { bavail, bsize } = await statfs(project.home);
      return (bavail * bsize) >> 20;
    };
    assert.is((await project.devenv('up', '--detach')).code, 0);
    await inDb(`dd if=/dev/urandom of=/data/big bs=1M count=${SIZE_MB}; sync`);
    const sum = await inDb('md5sum /data/big');
    const before = await freeMb();
    assert.is((await project.devenv('snapshot', 'save', 'one')).code, 0);
    assert.ok(before - (await freeMb()) < SIZE_MB / 4, `${before} MB were free, ${await freeMb()} MB are`);
    await inDb('echo other > /data/big');
    assert.is((await project.devenv('snapshot', 'restore', 'one')).code, 0);
    assert.is(await inDb('md5sum /data/big'), sum);
  } finally {
    await project.devenv('engine', 'stop', '--force');
    await run('umount', ['--lazy', project.home]);
    await project.remove();
  }
});

runOnOwnEngine(story, 'snapshot on btrfs', 'its data lies where a test cannot put it');
