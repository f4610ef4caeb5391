import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { interfaceOps, portOps } from '../../../runtime/launch/interface-ops.js';
import type { InterfaceSpec } from '../../../runtime/launch/spec.js';

const ops = suite('interface operations');

const spec = (change: Partial<InterfaceSpec> = {}): InterfaceSpec => ({
  hostName: 'dvab12v00000001',
  name: 'eth0',
  bridge: 'dvab12b00000001',
  macAddress: '02:42:ac:12:00:02',
  addresses: ['172.18.0.2/16'],
  gateway: '172.18.0.1',
  mtu: 1500,
  ...change,
});

const names = (change: Partial<InterfaceSpec> = {}) => interfaceOps(spec(change)).inside.map(({ op }) => op);

ops('make the pair in one message, before the container wires its own end', () => {
  const { host } = interfaceOps(spec(), 812);
  assert.is(host.length, 1);
  assert.is(host[0]?.op, 'veth.create');
  assert.is(host[0]?.op === 'veth.create' && host[0].pid, 812);
});

ops('address, raise, then route: a route needs a link that is up', () => {
  assert.equal(names(), ['net.sysctl', 'addr.add', 'link.set', 'route.add']);
  assert.equal(names({ gateway: undefined }), ['net.sysctl', 'addr.add', 'link.set']);
});

ops('leave IPv6 on where the container has such an address', () => {
  const six = { addresses: ['172.18.0.2/16', 'fd00::2/64'], gateway6: 'fd00::1' };
  assert.equal(names(six), ['addr.add', 'addr.add', 'link.set', 'route.add', 'route.add']);
});

ops("lead the resolver's address to the gateway, in the table that is asked first", () => {
  const resolver = { address: '127.0.0.11', via: '172.18.0.1', source: '172.18.0.2' };
  const [setting, route] = interfaceOps(spec({ resolver })).inside.slice(-2);
  assert.equal(setting, { op: 'net.sysctl', path: 'ipv4/conf/eth0/route_localnet', value: '1' });
  assert.equal(route, {
    op: 'route.add',
    to: '127.0.0.11/32',
    via: '172.18.0.1',
    name: 'eth0',
    source: '172.18.0.2',
    local: true,
  });
});

ops('start a proxy only for a container with ports', () => {
  assert.equal(portOps([]), { before: [], host: [] });
  const port = {
    protocol: 'tcp',
    hostIp: '127.0.0.1',
    hostPort: 80,
    containerIp: '172.18.0.2',
    containerPort: 80,
  } as const;
  assert.equal(portOps([port]), {
    before: [{ op: 'port.listen', ...port }],
    host: [{ op: 'port.serve', pid: 0, bridges: '' }],
  });
});

ops.run();
