import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groupIsLeft, removeEngineGroup, removeGroup, sweepGroups } from '../../../runtime/engine/group-removal.js';
import type { CgroupLayout } from '../../../runtime/launch/cgroup.js';

/** Folders stand in for groups: rmdir(2) takes both only when they are empty. */
const groups = suite<{ top: string; layout: CgroupLayout; make: (...names: string[]) => Promise<void> }>('groups left');

groups.before.each(async (context) => {
  context.top = await mkdtemp(path.join(tmpdir(), 'devenv-groups-'));
  const places = ['memory', 'pids'].map((name) => path.join(context.top, name));
  context.layout = {
    version: 1,
    hierarchies: places.map((mountpoint) => ({ controllers: [path.basename(mountpoint)], mountpoint })),
  };
  context.make = async (...names) => {
    for (const place of places) for (const name of names) await mkdir(path.join(place, name), { recursive: true });
  };
});

groups.after.each(({ top }) => rm(top, { recursive: true, force: true }));

groups('of a container whose monitor was killed go from every hierarchy', async ({ top, layout, make }) => {
  await make('devenv-00000001/c1', 'devenv-00000001/c2');
  assert.ok(groupIsLeft(layout, 'devenv-00000001/c1'));
  await removeGroup(layout, 'devenv-00000001/c1');
  assert.not.ok(groupIsLeft(layout, 'devenv-00000001/c1'));
  assert.ok(existsSync(path.join(top, 'pids/devenv-00000001/c2')));
});

groups('an engine that leaves takes its own along unless a container is in it', async ({ top, layout, make }) => {
  await make('devenv-00000001', 'devenv-00000002/c1');
  await removeEngineGroup(layout, 'devenv-00000001');
  await removeEngineGroup(layout, 'devenv-00000002');
  assert.not.ok(groupIsLeft(layout, 'devenv-00000001'));
  assert.ok(existsSync(path.join(top, 'memory/devenv-00000002/c1')));
});

groups('those of engines that are gone are swept, of living ones and of others never', async (context) => {
  const { layout, make } = context;
  const digest = createHash('sha256').update(context.top).digest('hex');
  const living = `devenv-${digest.slice(0, 8)}`;
  const lock = net.createServer().listen(`\0devenv/${process.getuid?.() ?? 0}/${digest.slice(0, 32)}`);
  await once(lock, 'listening');
  try {
    await make('devenv-00000001/c1', 'devenv-00000002', 'devenv-0000000a', living, 'docker', 'devenv-test');
    await sweepGroups(layout, 'devenv-0000000a');
    for (const gone of ['devenv-00000001', 'devenv-00000002']) assert.not.ok(groupIsLeft(layout, gone), gone);
    for (const kept of ['devenv-0000000a', living, 'docker', 'devenv-test']) assert.ok(groupIsLeft(layout, kept), kept);
  } finally {
    lock.close();
  }
});

groups.run();
