import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { adopt } from '../../../runtime/launch/ahead.js';
import { composeLaunch } from '../../../runtime/launch/compose.js';
import type { InterfaceSpec } from '../../../runtime/launch/spec.js';
import { eventually } from '../../support/api.js';
import { killWaiting } from '../../support/launcher.js';
import { launchSpec, machine } from './builders.js';
import { canContain, openLiving } from './living.js';

const wire = (changes: Partial<InterfaceSpec> = {}): InterfaceSpec => ({
  hostName: 'dvtest1',
  nextHostName: 'dvtest2',
  name: 'eth0',
  bridge: 'br0',
  macAddress: '02:42:0a:00:00:02',
  addresses: ['10.0.0.2/24'],
  mtu: 1500,
  ...changes,
});

const adopting = suite('a network made ahead');

adopting('is offered by a container on a bridge, in the place of its own', () => {
  const program = composeLaunch(launchSpec({ interfaces: [wire()] }), machine());
  assert.is(program.ahead?.name, 'dvtest2');
  const adopted = adopt(program);
  assert.equal(adopted.before.at(-1), { op: 'network.ahead' });
  assert.equal(adopted.host[0], { op: 'network.home' });
  assert.not.ok(adopted.clone.includes('newnet'));
  assert.not.ok(adopted.host.some(({ op }) => op === 'veth.create'));
  const ups = adopted.inside.flatMap((op) => (op.op === 'link.set' ? [[op.name, op.macAddress]] : []));
  assert.equal(ups, [['eth0', '02:42:0a:00:00:02']]);
});

adopting('keeps the other links of a container', () => {
  const second = wire({ hostName: 'dvtest3', name: 'eth1', bridge: 'br1' });
  const { host } = adopt(composeLaunch(launchSpec({ interfaces: [wire(), second] }), machine()));
  assert.equal(
    host.flatMap((op) => (op.op === 'veth.create' ? [op.name] : [])),
    ['dvtest3'],
  );
});

adopting('is none without a network of its own, and without root', () => {
  const wired = { interfaces: [wire()] };
  assert.is(composeLaunch(launchSpec(), machine()).ahead, undefined);
  assert.is(composeLaunch(launchSpec({ ...wired, kept: 'again' }), machine()).ahead, undefined);
});

const links = () => readdirSync('/sys/class/net');

(canContain ? adopting : adopting.skip)('is what the next container gets, and goes with its bridge', async () => {
  const living = await openLiving();
  const tag = process.pid.toString(36).slice(-4);
  const bridge = `dvt${tag}r`;
  const made = (name: string, n: number) =>
    wire({ hostName: `dvt${tag}${name}`, nextHostName: `dvt${tag}${name}n`, bridge, addresses: [`10.99.7.${n}/24`] });
  const run = (ops: Parameters<typeof living.launcher.run>[0]['before']) =>
    living.launcher.run({ before: ops, clone: [], host: [], inside: [] });
  try {
    await run([
      { op: 'bridge.create', name: bridge, macAddress: '02:42:0a:63:07:01', mtu: 1500, alias: 'devenv-test' },
    ]);
    await living.run('one', 'true', { interfaces: [made('a', 2)] });
    await eventually('a link is ready', async () => links().includes(`dvt${tag}an`));
    const show = 'cat /sys/class/net/eth0/address; cat /sys/class/net/lo/flags; ls /sys/class/net | tr "\\n" " "';
    const second = await living.run('two', show, { interfaces: [made('b', 3)] });
    assert.is(second.out, '02:42:0a:00:00:02\n0x9\neth0 lo ');
    assert.not.ok(links().includes(`dvt${tag}b`));
    await eventually('the next one is ready', async () => links().includes(`dvt${tag}bn`));
    killWaiting(living.at());
    const third = await living.run('three', show, { interfaces: [made('c', 4)] });
    assert.is(third.out, '02:42:0a:00:00:02\n0x9\neth0 lo ');
    await eventually('there is one again', async () => links().includes(`dvt${tag}cn`));
    await run([{ op: 'link.delete', name: bridge }]);
    await eventually('all links are gone', async () => !links().some((name) => name.startsWith(`dvt${tag}`)));
  } finally {
    if (links().includes(bridge)) execFileSync('ip', ['link', 'delete', bridge]);
    await living.close();
  }
});

adopting.run();
