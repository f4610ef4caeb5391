import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineError } from '../../../runtime/errors.js';
import { parsePrefix } from '../../../runtime/network/address.js';
import { machineNames, macOf, parseMac, vethName } from '../../../runtime/network/names.js';
import { bridgeOptions } from '../../../runtime/network/options.js';
import { makeRecord, predefinedRecord } from '../../../runtime/network/records.js';
import type { NetworkRequest } from '../../../runtime/network/types.js';

const records = suite('network records');

const names = machineNames('/run/devenv');
const identity = { id: 'ab'.repeat(32), created: '2026-01-01T00:00:00.000Z' };
const around = (own: string[] = [], foreign: string[] = []) => ({
  names,
  own: own.map((text) => parsePrefix(text)!),
  foreign: foreign.map((text) => parsePrefix(text)!),
});
const request = (change: Partial<NetworkRequest> = {}): NetworkRequest => ({
  name: 'front',
  driver: '',
  internal: false,
  attachable: false,
  enableIPv6: false,
  ipam: [],
  ipamOptions: {},
  options: {},
  labels: {},
  ...change,
});
const make = (change: Partial<NetworkRequest>, surroundings = around()) =>
  makeRecord(request(change), identity, surroundings);

function refusal(kind: string, sentence: RegExp, change: Partial<NetworkRequest>, surroundings = around()): void {
  let error: EngineError | undefined;
  try {
    make(change, surroundings);
  } catch (caught) {
    error = caught as EngineError;
  }
  assert.is(error?.kind, kind);
  assert.match(error?.message ?? '', sentence);
}

records('without any wish are a bridge on a free default pool', () => {
  const made = make({}, around(['172.17.0.0/16'], ['172.18.0.0/16']));
  assert.is(made.driver, 'bridge');
  assert.equal(made.ipam, [{ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }]);
  assert.is(made.bridge.length, 15);
});

records('with IPv6 get a unique local /64, or the one that was asked for', () => {
  const ipam = make({ enableIPv6: true }).ipam;
  assert.is(ipam.length, 2);
  assert.match(ipam[1]?.subnet ?? '', /^fd[0-9a-f]{2}:.*\/64$/);
  assert.equal(make({ enableIPv6: true, ipam: [{ subnet: 'fd00:7::/64' }] }).ipam[1], {
    subnet: 'fd00:7::/64',
    gateway: 'fd00:7::1',
  });
  assert.equal(make({ enableIPv4: false, enableIPv6: true, ipam: [{ subnet: 'fd00:7::/64' }] }).ipam.length, 1);
});

records('may cover a route of this machine when told to, never another network', () => {
  assert.is(make({ ipam: [{ subnet: '10.9.0.0/16' }] }, around([], ['10.0.0.0/8'])).ipam[0]?.subnet, '10.9.0.0/16');
  refusal('forbidden', /Pool overlaps/, { ipam: [{ subnet: '10.9.0.0/16' }] }, around(['10.9.1.0/24']));
  refusal('forbidden', /Pool overlaps/, { ipam: [{ subnet: '10.9.0.0/16' }, { subnet: '10.9.0.0/24' }] });
});

records("are refused in Docker's words", () => {
  refusal('forbidden', /operation is not permitted on predefined host network/, { name: 'host' });
  refusal('invalid', /name is empty/, { name: ' ' });
  refusal('forbidden', /only one instance of "null" network is allowed/, { driver: 'null' });
  refusal('forbidden', /This node is not a swarm manager/, { driver: 'overlay' });
  refusal('not-found', /plugin "weave" not found/, { driver: 'weave' });
  refusal('invalid', /failed to parse com.docker.network.bridge.enable_icc value: maybe/, {
    options: { 'com.docker.network.bridge.enable_icc': 'maybe' },
  });
  refusal('system', /numerical result out of range/, {
    options: { 'com.docker.network.bridge.name': 'a-name-far-too-long' },
  });
});

records('take the name of their bridge from the option', () => {
  const options = { 'com.docker.network.bridge.name': 'br-mine', 'com.docker.network.driver.mtu': '1400' };
  assert.is(make({ options }).bridge, 'br-mine');
  assert.is(bridgeOptions(options).mtu, 1400);
});

records("that are predefined look like Docker's", () => {
  const bridge = predefinedRecord('bridge', identity, around());
  assert.is(bridge.options['com.docker.network.bridge.default_bridge'], 'true');
  assert.is(predefinedRecord('none', identity, around()).driver, 'null');
  assert.equal(predefinedRecord('host', identity, around()).ipam, []);
});

records('names of links fit the kernel and are never the same twice', () => {
  assert.is(vethName(names).length, 15);
  assert.is.not(vethName(names), vethName(names));
  assert.is.not(machineNames('/run/a').hash, machineNames('/run/b').hash);
});

records("addresses of Ethernet follow the IPv4 address, as Docker's", () => {
  assert.is(macOf('172.17.0.2'), '02:42:ac:11:00:02');
  assert.is(parseMac('92:D0:C6:0A:29:33'), '92:d0:c6:0a:29:33');
  assert.is(parseMac('01:00:5e:00:00:01'), undefined);
  assert.is(parseMac('92:d0:c6:0a:29'), undefined);
});

records.run();
