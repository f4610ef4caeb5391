import { setTimeout as sleep } from 'node:timers/promises';
import {
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
} from '../engine/containers.js';
import { isStatus } from '../engine/errors.js';
import { removeImage } from '../engine/images.js';
import { createNetwork, removeNetwork } from '../engine/networks.js';
import { createVolume, removeVolume } from '../engine/volumes.js';
import { UserError } from '../errors.js';
import { buildServiceImage } from './build.js';
import type { ApplyContext, Handlers, OpOf } from './context.js';
import { createServiceContainer } from './create.js';
import { serviceOf } from './failures.js';
import { runHooks } from './hooks.js';
import { ensurePrivateFiles } from './private-files.js';
import { pullServiceImage } from './pull.js';
import { judgeCompleted, judgeHealthy, judgeRunning, judgeSteady } from './readiness.js';
import { networkRequest, volumeRequest } from './request/project.js';
import { runWatchCommand, syncFiles } from './sync.js';
import { takeOver } from './takeover.js';

const at = ({ ids }: ApplyContext, name: string) => ids.get(name) ?? name;

/** Gone already is what was wanted; `409`: somebody else is removing it. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}

const judges = { running: judgeRunning, healthy: judgeHealthy, completed: judgeCompleted } as const;

async function makeNetwork(op: OpOf<'network.create'>, { engine, project, version }: ApplyContext): Promise<void> {
  try {
    await createNetwork(engine, networkRequest(project, op.network, op.configHash, version));
  } catch (error) {
    if (!isStatus(error, 409)) throw error; // another devenv made it in between
  }
}

async function takeNetworkAway({ name }: OpOf<'network.remove'>, context: ApplyContext): Promise<void> {
  try {
    await unlessGone(removeNetwork(context.engine, name));
  } catch (error) {
    if (!isStatus(error, 403) && !isStatus(error, 409)) throw error;
    context.emit({ kind: 'warning', text: `Network ${name} stays: ${(error as Error).message}` });
  }
}

async function takeVolumeAway({ name }: OpOf<'volume.remove'>, context: ApplyContext): Promise<void> {
  try {
    await unlessGone(removeVolume(context.engine, name));
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    context.emit({ kind: 'warning', text: `Volume ${name} stays: ${(error as Error).message}` });
  }
}

async function takeImageAway({ image }: OpOf<'image.remove'>, context: ApplyContext): Promise<void> {
  try {
    await unlessGone(removeImage(context.engine, image));
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    context.emit({ kind: 'warning', text: `Image ${image} stays: ${(error as Error).message}` });
  }
}

/** `deploy.update_config.monitor`. Throws NeverReady when it ends, begins anew or is unhealthy before its time is over. */
async function staysWell(id: string, steadyMs: number, { readiness, signal }: ApplyContext): Promise<void> {
  const endMs = Date.now() + steadyMs;
  await readiness.until(id, (container) => judgeSteady(container, endMs), signal);
}

const isRunning = (id: string, { containers }: ApplyContext): boolean =>
  containers.find((one) => one.id === id)?.state === 'running';

export const handlers: Handlers = {
  'image.pull': pullServiceImage,
  'image.build': buildServiceImage,
  'image.remove': takeImageAway,
  'network.create': makeNetwork,
  'network.remove': takeNetworkAway,
  'volume.create': ({ volume, configHash }, { engine, project, version }) =>
    createVolume(engine, volumeRequest(project, volume, configHash, version)),
  'volume.remove': takeVolumeAway,
  'container.create': createServiceContainer,
  'container.start': async ({ name }, context, step) => {
    const id = at(context, name);
    const own = serviceOf(name, context);
    if (own !== undefined && context.project.services[own])
      await ensurePrivateFiles(context.project.services[own], context);
    await startContainer(context.engine, id);
    await runHooks('post_start', { id, service: serviceOf(name, context) }, context, step);
  },
  'container.takeover': takeOver,
  'container.stop': async ({ name, graceMs }, context, step) => {
    const id = at(context, name);
    if (isRunning(id, context)) await runHooks('pre_stop', { id, service: serviceOf(name, context) }, context, step);
    await unlessGone(stopContainer(context.engine, id, graceMs));
  },
  'container.kill': ({ name, signal }, context) => killContainer(context.engine, at(context, name), signal),
  'container.pause': ({ name }, context) => pauseContainer(context.engine, at(context, name)),
  'container.unpause': ({ name }, context) => unpauseContainer(context.engine, at(context, name)),
  'container.restart': async ({ name, graceMs }, context, step) => {
    const id = at(context, name);
    const container = { id, service: serviceOf(name, context) };
    if (isRunning(id, context)) await runHooks('pre_stop', container, context, step);
    await restartContainer(context.engine, id, graceMs);
    await runHooks('post_start', container, context, step);
  },
  'container.remove': ({ name, volumes }, context) =>
    unlessGone(removeContainer(context.engine, at(context, name), { volumes, force: true })),
  'container.rename': async ({ name, to }, context) => {
    const id = at(context, name);
    await renameContainer(context.engine, id, to);
    context.ids.set(to, id);
  },
  'container.sync': syncFiles,
  'container.exec': runWatchCommand,
  'update.delay': ({ ms }, { signal }) => sleep(ms, undefined, { signal }),
  'container.wait': async ({ name, until, steadyMs = 0 }, context) => {
    const id = context.ids.get(name);
    if (id === undefined) throw new UserError('no-container', `There is no container ${name} to wait for.`);
    await context.readiness.until(id, judges[until], context.signal);
    if (steadyMs > 0) await staysWell(id, steadyMs, context);
  },
};
