/** `Isolation: strict`: what it takes away, seen from inside. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../support/api.js';
import { openRange, type Range } from '../support/attacker.js';
import { needs } from '../support/without-root.js';

const strict = suite('isolation strict');
let range: Range;

strict.before(async () => {
  range = await openRange();
});
strict.after(() => range.stop());
strict.after.each(() => range.containers.clear());

const Isolation = 'strict';

strict('the root is read, nothing can be gained, and there is an end to what is taken', async () => {
  const { out } = await range.said(
    "touch /x; touch /tmp/ok && echo tmp; grep -E '^(CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr '\\t' ' '",
    { HostConfig: { Isolation } },
  );
  assert.match(out, /touch: \/x: Read-only file system\ntmp\n/);
  for (const line of ['CapPrm: 0000000000000000', 'CapBnd: 0000000000000000', 'NoNewPrivs: 1', 'Seccomp: 2'])
    assert.match(out, line);
});

needs(strict, 'groups')('what it means is written into the container', async () => {
  const id = await range.containers.created({ HostConfig: { Isolation, Memory: 64 << 20 } });
  const { HostConfig } = await range.containers.inspect(id);
  assert.is(HostConfig.ReadonlyRootfs, true);
  assert.equal(HostConfig.CapDrop, ['ALL']);
  assert.is(HostConfig.PidsLimit, 512);
  assert.is(HostConfig.Memory, 64 << 20);
});

strict('an exec is held as the container is', async () => {
  const id = await range.containers.running({ HostConfig: { Isolation } });
  const { out } = await range.containers.exec(id, 'grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status');
  assert.match(out, /CapBnd:\s0000000000000000/);
  assert.match(out, /NoNewPrivs:\s1/);
  const all = await range.containers.exec(id, 'grep CapEff /proc/self/status', { User: '0' });
  assert.match(all.out, /CapEff:\s0000000000000000/);
});

const uidMap = (text: string) =>
  text
    .match(/^\s*0\s+(\d+)\s+(\d+)$/m)
    ?.slice(1)
    .map(Number) ?? [];

needs(strict, 'user range')('its root is nobody outside, and owns what it should', async () => {
  const look = 'cat /proc/self/uid_map; stat -c %u /bin /dev/shm /run /etc/hosts; touch /run/x /tmp/x && echo writes';
  const { out } = await range.said(look, { HostConfig: { Isolation } });
  const [first = 0, count] = uidMap(out);
  assert.ok(first > 0, out);
  assert.is(count, 65_536);
  assert.match(out, /\n0\n0\n0\n0\nwrites\n/);
  const id = await range.containers.running({ HostConfig: { Isolation, Binds: ['contract-strict:/data'] } });
  const { State } = await range.containers.inspect(id);
  const outside = readFileSync(`/proc/${State.Pid}/status`, 'utf8');
  assert.match(outside, new RegExp(`^Uid:\\s+${first}\\s`, 'm'));
});

needs(strict, 'user range')(
  'an exec, with a terminal or not, is in the same namespace, and volumes are its own',
  async () => {
    const id = await range.containers.running({ HostConfig: { Isolation, Binds: ['contract-strict:/data'] } });
    const main = await range.containers.exec(id, 'cat /proc/1/uid_map');
    const { out } = await range.containers.exec(
      id,
      'cat /proc/self/uid_map; touch /data/x; stat -c %u /data/x; echo x > /dev/stdout',
    );
    assert.equal(uidMap(out), uidMap(main.out));
    assert.match(out, /\n0\nx\n/);
    const tty = await range.containers.exec(id, 'tty; echo x > $(tty) && echo wrote', { Tty: true });
    assert.match(tty.out, /\/dev\/pts\/0[\s\S]*wrote/);
  },
);

needs(strict, 'user range')('a restart keeps it', async () => {
  const id = await range.containers.running({ HostConfig: { Isolation } });
  const before = await range.containers.exec(id, 'cat /proc/1/uid_map');
  await ask(range.containers.engine, 'POST', `/containers/${id}/restart?t=0`);
  const after = await range.containers.exec(id, 'cat /proc/1/uid_map; stat -c %u /bin');
  assert.equal(uidMap(after.out), uidMap(before.out));
  assert.match(after.out, /\n0\n/);
});

strict('a wish that speaks against it is refused', async () => {
  for (const more of [
    { Privileged: true },
    { CapAdd: ['SYS_ADMIN'] },
    { NetworkMode: 'host' },
    { SecurityOpt: ['seccomp=unconfined'] },
  ]) {
    const { status, json } = await range.containers.create({ HostConfig: { Isolation, ...more } });
    assert.is(status, 400);
    assert.match(json.message, /isolation strict does not go with/);
  }
});

strict.run();
