/** What is out of scope answers as Docker does where it is switched off. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const off = suite('what is switched off');
let engine: TestEngine;
off.before(async () => {
  engine = await startEngine();
});
off.after(() => engine.stop());

const notManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const needManager: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/update?version=1', {}],
  ['GET', '/nodes'],
  ['GET', '/nodes/x'],
  ['DELETE', '/nodes/x'],
  ['POST', '/nodes/x/update?version=1', {}],
  ['GET', '/services'],
  ['GET', '/services/x'],
  ['DELETE', '/services/x'],
  ['POST', '/services/create', { Name: 'x', TaskTemplate: { ContainerSpec: { Image: 'busybox' } } }],
  ['POST', '/services/x/update?version=1', {}],
  ['GET', '/services/x/logs?stdout=1'],
  ['GET', '/tasks'],
  ['GET', '/tasks/x'],
  ['GET', '/tasks/x/logs?stdout=1'],
  ...['secrets', 'configs'].flatMap((kind): (readonly [string, string, object?])[] => [
    ['GET', `/${kind}`],
    ['GET', `/${kind}/x`],
    ['DELETE', `/${kind}/x`],
    ['POST', `/${kind}/create`, { Name: 'x', Data: 'eA==' }],
    ['POST', `/${kind}/x/update?version=1`, {}],
  ]),
];

for (const [method, path, body] of needManager)
  off(`${method} ${path} needs a swarm manager`, () =>
    expectRefusal(engine, { method, path, body, status: 503, message: notManager }),
  );

off('who is in no swarm cannot leave it, nor unlock it', async () => {
  await expectRefusal(engine, {
    method: 'POST',
    path: '/swarm/leave',
    status: 503,
    message: 'This node is not part of a swarm',
  });
});

off('there are no plugins, by any filter', async () => {
  for (const query of ['', filterOf({ capability: ['volumedriver'] }), filterOf({ enabled: ['true'] })])
    assert.equal((await ask(engine, 'GET', `/plugins?${query}`)).json, []);
  await expectRefusal(engine, {
    method: 'GET',
    path: `/plugins?${filterOf({ nope: ['x'] })}`,
    status: 400,
    message: "invalid filter 'nope'",
  });
});

for (const [method, path] of [
  ['GET', '/plugins/x/json'],
  ['DELETE', '/plugins/x'],
  ['POST', '/plugins/x/enable?timeout=1'],
  ['POST', '/plugins/x/disable'],
] as const)
  off(`${method} ${path} finds no plugin`, () =>
    expectRefusal(engine, { method, path, status: 404, message: 'plugin "x" not found' }),
  );

off('networks and volumes of a swarm are refused', async () => {
  const overlay = { Name: 'contract-overlay', Driver: 'overlay' };
  await expectRefusal(engine, {
    method: 'POST',
    path: '/networks/create',
    body: overlay,
    status: 403,
    message: notManager,
  });
});

off('info says that there is no swarm', async () => {
  const { Swarm } = (await ask(engine, 'GET', '/info')).json;
  assert.is(Swarm.LocalNodeState, 'inactive');
  assert.is(Swarm.ControlAvailable, false);
  assert.is((await engine.request('GET', '/_ping')).headers.swarm, 'inactive');
});

off.run();
