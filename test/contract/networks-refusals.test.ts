/** What a network cannot be, in Docker's words. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const networks = suite('networks that are refused');
let engine: TestEngine;
networks.before(async () => {
  engine = await startEngine();
});
networks.after(() => engine.stop());

const swarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const pool = (change: object) => ({ IPAM: { Config: [{ Subnet: '10.213.0.0/16', ...change }] } });
const option = (name: string, value: string) => ({ Options: { [`com.docker.network.${name}`]: value } });
const wrongConfig = (why: string) => `invalid network config:\n${why}`;

const refused: readonly (readonly [body: object, status: number, message: string])[] = [
  [{ Name: 'bridge' }, 403, 'operation is not permitted on predefined bridge network '],
  [{ Driver: 'host' }, 403, 'only one instance of "host" network is allowed'],
  [{ Driver: 'null' }, 403, 'only one instance of "null" network is allowed'],
  [{ Driver: 'overlay' }, 403, swarm],
  [{ Driver: 'nope' }, 404, 'plugin "nope" not found'],
  [{ Scope: 'swarm' }, 403, 'cannot create a swarm scoped network when swarm is not active'],
  [{ IPAM: { Driver: 'nope' } }, 404, 'plugin "nope" not found'],
  [{ IPAM: { Driver: 'null' } }, 400, 'ipv4 pool is empty'],
  [{ EnableIPv4: false }, 400, 'IPv4 or IPv6 must be enabled'],
  [{ IPAM: { Config: [{}] } }, 400, wrongConfig('invalid subnet : invalid CIDR block notation')],
  [pool({ Subnet: 'junk' }), 400, wrongConfig('invalid subnet junk: invalid CIDR block notation')],
  [pool({ Subnet: '10.213.0.5/16' }), 400, wrongConfig('invalid subnet 10.213.0.5/16: it should be 10.213.0.0/16')],
  [pool({ Gateway: 'junk' }), 400, wrongConfig('invalid gateway junk: invalid address')],
  [
    pool({ Gateway: '10.214.0.1' }),
    400,
    wrongConfig("invalid gateway 10.214.0.1: parent subnet 10.213.0.0/16 doesn't contain this address"),
  ],
  [
    pool({ IPRange: '10.0.0.0/8' }),
    400,
    wrongConfig('invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.213.0.0/16'),
  ],
  [
    pool({ AuxiliaryAddresses: { a: '10.1.1.1' } }),
    400,
    wrongConfig("invalid auxiliary address a: parent subnet 10.213.0.0/16 doesn't contain this address"),
  ],
  [
    { IPAM: { Config: [{ Subnet: '10.213.0.0/24' }, { Subnet: '10.213.1.0/24' }] } },
    403,
    "bridge driver doesn't support multiple subnets",
  ],
  [
    option('bridge.enable_icc', 'x'),
    400,
    'failed to parse com.docker.network.bridge.enable_icc value: x (strconv.ParseBool: parsing "x": invalid syntax)',
  ],
  [
    option('bridge.host_binding_ipv4', 'x'),
    400,
    'failed to parse com.docker.network.bridge.host_binding_ipv4 value: x (nil ip)',
  ],
  [
    option('bridge.gateway_mode_ipv4', 'x'),
    400,
    'failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: x (unknown gateway mode x)',
  ],
  [
    option('bridge.gateway_mode_ipv4', 'isolated'),
    500,
    "gateway mode 'isolated' can only be used for an internal network",
  ],
  [option('driver.mtu', '-5'), 400, 'invalid MTU number: -5'],
  [option('bridge.name', 'lo'), 500, 'existing interface lo is not a bridge'],
  [
    { Labels: { a: 1 } },
    400,
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Labels.a of type string',
  ],
  [
    { IPAM: [] },
    400,
    'invalid JSON: json: cannot unmarshal array into Go struct field CreateRequest.IPAM of type network.IPAM',
  ],
];

for (const [body, status, message] of refused)
  networks(`${JSON.stringify(body)} is refused`, async () => {
    const named = { Name: 'contract-refused', ...body };
    await expectRefusal(engine, { method: 'POST', path: '/networks/create', body: named, status, message });
    assert.is((await engine.request('GET', '/networks/contract-refused')).status, 404);
  });

networks('a body that is a list is refused', async () => {
  const message = 'invalid JSON: json: cannot unmarshal array into Go value of type network.CreateRequest';
  await expectRefusal(engine, { method: 'POST', path: '/networks/create', body: [], status: 400, message });
});

networks('two networks cannot have one bridge', async () => {
  const Options = { 'com.docker.network.bridge.name': 'contractbr0' };
  const { json } = await ask(engine, 'POST', '/networks/create', { Name: 'contract-br1', Options });
  try {
    await expectRefusal(engine, {
      method: 'POST',
      path: '/networks/create',
      body: { Name: 'contract-br2', Options },
      status: 403,
      message: new RegExp(
        `^cannot create network [0-9a-f]{64} \\(contractbr0\\): conflicts with network ${json.Id} \\(contractbr0\\): networks have same bridge name$`,
      ),
    });
  } finally {
    await engine.request('DELETE', `/networks/${json.Id}`);
  }
});

const others: readonly (readonly [method: string, path: string, body: unknown, status: number, message: string])[] = [
  ['GET', '/networks/default', undefined, 404, 'network default not found'],
  ['GET', '/networks/bridge?scope=swarm', undefined, 404, 'network bridge not found'],
  [
    'GET',
    '/networks/bridge?verbose=x',
    undefined,
    400,
    'invalid value for verbose: x: strconv.ParseBool: parsing "x": invalid syntax',
  ],
  ['GET', `/networks?${filterOf({ type: ['x'] })}`, undefined, 500, "invalid filter: 'type'='x'"],
  ['GET', `/networks?${filterOf({ nope: ['x'] })}`, undefined, 400, "invalid filter 'nope'"],
  [
    'GET',
    `/networks?${filterOf({ dangling: ['x'] })}`,
    undefined,
    400,
    `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
  ],
  [
    'GET',
    `/networks?${filterOf({ dangling: ['true', '0'] })}`,
    undefined,
    400,
    'got more than one value for filter key "dangling"',
  ],
  [
    'POST',
    `/networks/prune?${filterOf({ until: ['x'] })}`,
    undefined,
    400,
    'failed to parse value as time or duration: "x"',
  ],
  [
    'POST',
    `/networks/prune?${filterOf({ until: ['1h', '2h'] })}`,
    undefined,
    400,
    'more than one until filter specified',
  ],
  ['POST', `/networks/prune?${filterOf({ driver: ['bridge'] })}`, undefined, 400, "invalid filter 'driver'"],
  ['POST', '/networks/contract-none/connect', { Container: 'x' }, 404, 'No such container: x'],
  ['POST', '/networks/bridge/connect', { Container: 'contract-none' }, 404, 'No such container: contract-none'],
  ['POST', '/networks/bridge/connect', {}, 400, 'invalid name or ID supplied: ""'],
  ['POST', '/networks/bridge/disconnect', { Container: 'contract-none' }, 404, 'No such container: contract-none'],
  [
    'POST',
    '/networks/bridge/disconnect',
    { Container: 'contract-none', Force: true },
    404,
    'endpoint contract-none not found',
  ],
];

for (const [method, path, body, status, message] of others)
  networks(`${method} ${decodeURIComponent(path)} ${JSON.stringify(body) ?? ''} is refused`, () =>
    expectRefusal(engine, { method, path, body, status, message }),
  );

networks.run();
