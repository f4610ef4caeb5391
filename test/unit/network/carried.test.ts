import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renderRuleset } from '../../../runtime/network/firewall-rules.js';
import { SharedResolver } from '../../../runtime/network/shared-resolver.js';

const carried = suite('what is carried out without root');

const network = (internal: boolean) => ({
  bridge: 'br-front',
  pools: [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
  internal,
  masquerade: [4] as const,
  resolver: { address: '172.18.0.1', port: 53 },
});

const rules = (internal: boolean) =>
  renderRuleset('t', [network(internal)], [], { outboundPort: 15001, machinePort: 15002, hasLink: false });

carried('connections to elsewhere, to this machine, and questions for names', () => {
  const text = rules(false);
  assert.match(text, 'iifname "br-front" ip daddr != 172.18.0.0/16 meta l4proto tcp redirect to :15001');
  assert.match(text, 'iifname "br-front" fib daddr type local meta l4proto tcp redirect to :15002');
  assert.match(text, 'iifname "br-front" ip daddr != 172.18.0.1 udp dport 53 dnat ip to 172.18.0.1:53');
});

carried('nothing of an internal network, and nothing where the kernel has a way out', () => {
  assert.not.match(rules(true), 'redirect');
  assert.not.match(renderRuleset('t', [network(false)], []), 'redirect');
});

carried('connections are carried beside a link, datagrams go by it', () => {
  const outside = { outboundPort: 15001, machinePort: 15002, hasLink: true, machineAddress: '192.0.2.7' };
  const text = renderRuleset('t', [network(false)], [], outside);
  assert.match(text, 'iifname "br-front" fib daddr type local meta l4proto tcp redirect to :15002');
  assert.match(text, 'iifname "br-front" fib daddr type local udp dport != 53 dnat ip to 192.0.2.7');
  assert.match(text, 'iifname "br-front" ip daddr != 172.18.0.0/16 meta l4proto tcp redirect to :15001');
  assert.not.match(text, 'daddr != 172.18.0.1 udp');
});

carried('what answers a proxy in its client’s name is marked, so that it comes back', () => {
  const text = rules(false);
  assert.match(text, 'meta mark 0x64760001 ct mark set 0x64760002');
  assert.match(text, 'iifname @bridges ct mark 0x64760002 meta mark set 0x64760002');
});

carried('a resolver that has no sockets says so when a network wants it', async () => {
  const resolver = new SharedResolver({ datagrams: 999, connections: 998 });
  const one = resolver.forNetwork(network(false).pools, async () => undefined);
  await one.listen('172.18.0.1').then(
    () => assert.unreachable(),
    (error: unknown) => assert.instance(error, Error),
  );
  await one.close();
});

carried.run();
