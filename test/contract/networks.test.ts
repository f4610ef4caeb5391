import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startEngine, type TestEngine } from '../support/engine.js';

const networks = suite('networks');
let engine: TestEngine;
networks.before(async () => {
  engine = await startEngine();
});
networks.after(() => engine.stop());

const filter = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`;
const namesOf = (list: readonly { Name: string }[]) => list.map(({ Name }) => Name).sort();

async function withNetwork(
  body: { readonly Name: string; readonly [key: string]: unknown },
  work: (id: string) => Promise<void>,
) {
  const { status, json } = await engine.request('POST', '/networks/create', body);
  assert.is(status, 201, JSON.stringify(json));
  try {
    await work(json.Id);
  } finally {
    await engine.request('DELETE', `/networks/${json.Id}`);
  }
}

networks('bridge, host and none are there and cannot be removed', async () => {
  const { json } = await engine.request('GET', `/networks?${filter({ type: ['builtin'] })}`);
  assert.equal(namesOf(json), ['bridge', 'host', 'none']);
  for (const name of ['bridge', 'host', 'none']) {
    const { status, json: error } = await engine.request('DELETE', `/networks/${name}`);
    assert.is(status, 403);
    assert.is(error.message, `${name} is a pre-defined network and cannot be removed`);
  }
});

networks('a network has what was asked for, and a pool of its own', async () => {
  const body = { Name: 'contract-a', Labels: { a: 'b' }, Options: { 'com.docker.network.driver.mtu': '1400' } };
  await withNetwork(body, async (id) => {
    const { json } = await engine.request('GET', `/networks/${id.slice(0, 12)}`);
    assert.is(json.Name, 'contract-a');
    assert.is(json.Driver, 'bridge');
    assert.is(json.Scope, 'local');
    assert.equal(json.Labels, { a: 'b' });
    assert.is(json.Options['com.docker.network.driver.mtu'], '1400');
    assert.equal(json.Containers, {});
    assert.match(json.IPAM.Config[0].Subnet, /^\d+\.\d+\.\d+\.\d+\/\d+$/);
    assert.match(json.IPAM.Config[0].Gateway, /^\d+\.\d+\.\d+\.1$/);
  });
});

networks('subnet, gateway, range and auxiliary addresses are kept', async () => {
  const Config = [
    {
      Subnet: '10.211.0.0/16',
      Gateway: '10.211.9.9',
      IPRange: '10.211.5.0/24',
      AuxiliaryAddresses: { router: '10.211.5.7' },
    },
  ];
  await withNetwork({ Name: 'contract-ipam', IPAM: { Config } }, async (id) => {
    const { json } = await engine.request('GET', `/networks/${id}`);
    assert.equal(json.IPAM.Config, Config);
  });
});

networks('a name in use, an unknown driver, a bad subnet and an overlap are refused', async () => {
  await withNetwork({ Name: 'contract-b', IPAM: { Config: [{ Subnet: '10.212.0.0/16' }] } }, async () => {
    const again = await engine.request('POST', '/networks/create', { Name: 'contract-b' });
    assert.is(again.status, 409);
    assert.is(again.json.message, 'network with name contract-b already exists');
    const overlap = await engine.request('POST', '/networks/create', {
      Name: 'contract-c',
      IPAM: { Config: [{ Subnet: '10.212.5.0/24' }] },
    });
    assert.is(overlap.status, 403);
    assert.match(overlap.json.message, /Pool overlaps with other one on this address space/);
  });
  const bad = await engine.request('POST', '/networks/create', { Name: 'x', IPAM: { Config: [{ Subnet: 'junk' }] } });
  assert.is(bad.status, 400);
  assert.match(bad.json.message, /invalid subnet junk/);
});

networks('an unknown network is not found', async () => {
  for (const [method, path] of [
    ['GET', '/networks/contract-none'],
    ['DELETE', '/networks/contract-none'],
  ] as const) {
    const { status, json } = await engine.request(method, path);
    assert.is(status, 404);
    assert.is(json.message, 'network contract-none not found');
  }
});

networks('lists are filtered by name, label, driver and id', async () => {
  await withNetwork({ Name: 'contract-f1', Labels: { tier: 'x' } }, async (id) => {
    await withNetwork({ Name: 'contract-f2' }, async () => {
      const list = async (value: object) => namesOf((await engine.request('GET', `/networks?${filter(value)}`)).json);
      assert.equal(await list({ name: ['contract-f'] }), ['contract-f1', 'contract-f2']);
      assert.equal(await list({ label: ['tier=x'] }), ['contract-f1']);
      assert.equal(await list({ id: [id.slice(0, 8)] }), ['contract-f1']);
      assert.equal(await list({ driver: ['null'] }), ['none']);
      assert.equal(await list({ name: ['contract-f'], label: ['tier'] }), ['contract-f1']);
    });
  });
});

networks('prune takes unused networks by label and tells their names', async () => {
  await engine.request('POST', '/networks/create', { Name: 'contract-p', Labels: { 'contract-prune': '1' } });
  const { json } = await engine.request('POST', `/networks/prune?${filter({ label: ['contract-prune'] })}`);
  assert.equal(json.NetworksDeleted, ['contract-p']);
  assert.is((await engine.request('GET', '/networks/contract-p')).status, 404);
});

networks('events tell of networks', async () => {
  const since = Math.floor(Date.now() / 1000) - 1;
  await withNetwork({ Name: 'contract-e' }, async () => undefined);
  const until = (Date.now() / 1000 + 0.2).toFixed(3);
  const { text } = await engine.request(
    'GET',
    `/events?since=${since}&until=${until}&${filter({ type: ['network'], network: ['contract-e'] })}`,
  );
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    events.map(({ Action }) => Action),
    ['create', 'destroy'],
  );
  assert.equal(events[0].Actor.Attributes, { name: 'contract-e', type: 'bridge' });
  assert.match(text, /"timeNano":\d{19}\b/);
});

networks.run();
