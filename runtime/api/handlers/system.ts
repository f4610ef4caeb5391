/** The engine itself: ping, version, info, what fills the disk, credentials. */
import os from 'node:os';
import type { Engine } from '../../engine/engine.js';
import { engineId } from '../../engine/identity.js';
import { hostPlatform } from '../../engine/images.js';
import { countContainers, lookAtMachine } from '../../engine/system.js';
import { encodeInfo } from '../encode/info.js';
import { engineVersion, type Product } from '../product.js';
import { type Answer, type Call, ok, type Route } from '../routes.js';
import { maximumVersion, minimumVersion } from '../versions/negotiation.js';
import { infoIn } from '../versions/system.js';

export interface SystemOptions {
  readonly engine: Engine;
  readonly product: Product;
}

export function systemRoutes(options: SystemOptions): Route[] {
  const pong = ping();
  return [
    { method: 'GET', path: '/_ping', handle: () => pong },
    { method: 'HEAD', path: '/_ping', handle: () => ({ ...pong, text: '' }) },
    { method: 'GET', path: '/version', handle: () => ok(version(options.product)) },
    { method: 'GET', path: '/info', handle: (call) => info(options, call) },
  ];
}

/** Builder 2 makes clients open a BuildKit session instead of sending builds to `/build`, unless they are told otherwise. */
function ping(): Answer {
  return {
    status: 200,
    text: 'OK',
    headers: {
      'Builder-Version': '2',
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
      Swarm: 'inactive',
    },
  };
}

function version(product: Product) {
  const facts = {
    ApiVersion: maximumVersion,
    MinAPIVersion: minimumVersion,
    GitCommit: 'unknown',
    GoVersion: 'none',
    Os: 'linux',
    Arch: hostPlatform(process.arch).architecture,
    KernelVersion: os.release(),
    BuildTime: '',
  };
  return {
    Platform: { Name: `devenv ${product.version}` },
    Components: [
      {
        Name: 'Engine',
        Version: engineVersion(product),
        Details: { ...facts, Experimental: 'false' },
      },
      { Name: 'devenv', Version: product.version, Details: { NodeVersion: process.version } },
    ],
    Version: engineVersion(product),
    ...facts,
  };
}

async function info(options: SystemOptions, call: Call): Promise<Answer> {
  const { foundations } = options.engine;
  const machine = await lookAtMachine(foundations.paths.home, foundations.launcher.machine);
  const answer = encodeInfo({
    id: engineId(options.engine),
    version: engineVersion(options.product),
    machine,
    home: foundations.paths.home,
    driver: foundations.snapshots.driver,
    images: foundations.images.list().length,
    containers: countContainers(options.engine),
  });
  return ok(infoIn(call.version, answer));
}
