/** `Isolation: strict`: what it takes away, seen from inside. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRange, type Range } from '../support/attacker.js';

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

strict('what it means is written into the container', async () => {
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
