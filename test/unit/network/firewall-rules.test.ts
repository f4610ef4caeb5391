import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type FirewallNetwork,
  type FirewallPort,
  renderPortChange,
  renderRuleset,
} from '../../../runtime/network/firewall-rules.js';

const rules = suite('firewall rules');

const network = (change: Partial<FirewallNetwork> = {}): FirewallNetwork => ({
  bridge: 'br-front',
  pools: [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
  internal: false,
  masquerade: [4, 6],
  resolver: { address: '172.18.0.1', port: 53 },
  ...change,
});

const port = (change: Partial<FirewallPort> = {}): FirewallPort => ({
  protocol: 'tcp',
  hostIp: '127.0.0.1',
  hostPort: 8080,
  containerIp: '172.18.0.2',
  containerPort: 80,
  ...change,
});

const linesOf = (...networks: FirewallNetwork[]) =>
  renderRuleset('t', networks, [])
    .split('\n')
    .map((line) => line.trim());

rules('of an engine without bridges are none', () => {
  assert.is(renderRuleset('t', [], [port()]), 'table inet t\ndelete table inet t\n');
});

rules('masquerade what leaves a bridge, but not an internal one', () => {
  const masquerade = 'ip saddr 172.18.0.0/16 oifname != "br-front" masquerade';
  assert.ok(linesOf(network()).includes(masquerade));
  assert.not.ok(linesOf(network({ internal: true })).includes(masquerade));
  assert.not.ok(linesOf(network({ masquerade: [] })).includes(masquerade));
});

rules('let nothing new into a bridge, and nothing out of an internal one', () => {
  assert.ok(linesOf(network()).includes('oifname "br-front" iifname != "br-front" drop'));
  assert.ok(linesOf(network({ internal: true })).includes('iifname "br-front" oifname != "br-front" drop'));
  assert.not.ok(linesOf(network()).includes('iifname "br-front" oifname != "br-front" drop'));
});

rules('guard the loopback of this machine before anything is translated', () => {
  const lines = linesOf(network());
  assert.ok(lines.includes('iifname @bridges ip daddr 127.0.0.0/8 drop'));
  assert.ok(
    lines.indexOf('iifname @bridges ip daddr 127.0.0.0/8 drop') <
      lines.findIndex((line) => line.startsWith('chain prerouting')),
  );
});

rules("lead Docker's resolver address to the bridge's, and port 53 where that is taken", () => {
  const redirect = (lines: string[]) => lines.filter((line) => line.includes('dport 53 dnat'));
  assert.equal(redirect(linesOf(network())), [
    'iifname "br-front" ip daddr 127.0.0.11 meta l4proto { tcp, udp } th dport 53 dnat ip to 172.18.0.1:53',
  ]);
  assert.match(
    redirect(linesOf(network({ resolver: { address: '172.18.0.1', port: 4053 } })))[0] ?? '',
    /daddr \{ 127\.0\.0\.11, 172\.18\.0\.1 \} .* dnat ip to 172\.18\.0\.1:4053/,
  );
});

rules('change ports alone where the table is there', () => {
  assert.fixture(
    renderPortChange(
      't',
      [port(), port({ hostIp: '0.0.0.0', protocol: 'udp', hostPort: 53, containerPort: 5353 })],
      [port({ hostPort: 9090 })],
    ),
    `delete element inet t at { 127.0.0.1 . tcp . 9090 }
add element inet t at { 127.0.0.1 . tcp . 8080 : 172.18.0.2 . 80 }
add element inet t any { udp . 53 : 172.18.0.2 . 5353 }
`,
  );
});

rules('leave to the proxy what the kernel cannot translate', () => {
  assert.is(renderPortChange('t', [port({ hostIp: '::' }), port({ hostIp: '::1', containerIp: 'fd00::2' })], []), '');
  assert.is(
    renderPortChange('t', [port({ hostIp: '::', containerIp: 'fd00::2' })], []),
    'add element inet t any6 { tcp . 8080 : fd00::2 . 80 }\n',
  );
});

rules.run();
