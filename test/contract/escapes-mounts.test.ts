/** Symlinks that change under the engine's hands: in images, volumes, copies. The machine must look the same afterwards. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, queryOf, tarType } from '../support/api.js';
import { importLying, openRange, type Range } from '../support/attacker.js';
import { tarOf } from '../support/tar.js';

const escapes = suite('races for mounts and copies');
let range: Range;

escapes.before(async () => {
  range = await openRange();
});
escapes.after(() => range.stop());
escapes.after.each(() => range.containers.clear());

const TRIES = 12;

/** A container in which two names of a shared volume change places without end: a folder, and a symlink to `target`. */
async function swapping(volume: string, target: string, at = '/vol'): Promise<string> {
  const HostConfig = { Binds: [...range.armed, `${volume}:${at}`] };
  const script = `mkdir -p ${at}/a && ln -s ${target} ${at}/b && exec /attack/attacker swap ${at}/a ${at}/b`;
  return range.containers.running({ Cmd: ['sh', '-c', script], HostConfig });
}

/** Whether the start was refused, or everything is hidden and sealed as usual. */
async function heldBack(Image: string, volume: string) {
  const probe =
    'echo h > /proc/sysrq-trigger && echo TRIGGERED; echo x > /proc/sys/kernel/core_pattern && echo WRITTEN; cat /proc/kcore /proc/keys | wc -c; true';
  const body = { Image, Cmd: ['sh', '-c', probe], Tty: true, HostConfig: { Binds: [`${volume}:/vol`] } };
  const id = await range.containers.created(body);
  const started = await range.engine.request('POST', `/containers/${id}/start`);
  if (started.status >= 400) return;
  await ask(range.engine, 'POST', `/containers/${id}/wait`);
  const { text } = await ask(range.engine, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`);
  assert.not.match(text, /TRIGGERED|WRITTEN/);
  assert.match(text, /^0\r?$/m, text);
}

for (const lie of ['proc', 'dev', 'sys'])
  escapes(`/${lie} as a symlink into a racing volume lays nothing bare (CVE-2025-31133, -52565, -52881)`, async () => {
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    await importLying(range.engine, `lying-${lie}:1`, { [lie]: '/vol/a' });
    await swapping(`lying-${lie}`, '/vol/c');
    for (let i = 0; i < TRIES; i++) await heldBack(`lying-${lie}:1`, `lying-${lie}`);
    assert.is(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), pattern);
  });

escapes('what an image or a volume calls /dev/null hides nothing and is not laid open (CVE-2025-31133)', async () => {
  await importLying(range.engine, 'lying-null:1', { 'dev/null': '/proc/sysrq-trigger' });
  await heldBack('lying-null:1', 'lying-null');
  const made = await range.containers.created({
    Cmd: ['sh', '-c', 'cat /proc/kcore | wc -c; echo x > /proc/sys/kernel/core_pattern && echo WRITTEN'],
    HostConfig: { Binds: [`${range.folder}:/dev`] },
  });
  const { status, text } = await range.engine.request('POST', `/containers/${made}/start`);
  assert.ok(status >= 400, text);
});

escapes('a mount into a racing folder of a volume stays in the container (CVE-2021-30465)', async () => {
  const mounted = () =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes('dv-attack-'));
  const before = mounted();
  await swapping('race', '/');
  for (let i = 0; i < TRIES; i++) {
    const body = { Cmd: ['true'], HostConfig: { Binds: ['race:/vol', `${range.folder}:/vol/a/srv`] } };
    await range.engine.request('POST', `/containers/${await range.containers.created(body)}/start`);
  }
  assert.equal(mounted(), before);
  assert.not.ok(existsSync('/srv/attacker'));
});

escapes('a racing subpath of a volume leads to no file of the machine (CVE-2021-30465)', async () => {
  writeFileSync(path.join(range.folder, 'secret'), 'the machine’s');
  await swapping('sub', '/');
  for (let i = 0; i < TRIES; i++) {
    const Mounts = [{ Type: 'volume', Source: 'sub', Target: '/m', VolumeOptions: { Subpath: 'a' } }];
    const id = await range.containers.created({
      Cmd: ['cat', `/m${range.folder}/secret`],
      Tty: true,
      HostConfig: { Mounts },
    });
    if ((await range.engine.request('POST', `/containers/${id}/start`)).status >= 400) continue;
    await ask(range.engine, 'POST', `/containers/${id}/wait`);
    const { text } = await ask(range.engine, 'GET', `/containers/${id}/logs?stdout=1`);
    assert.not.match(text, /machine/);
  }
});

escapes('a copy into or out of a racing folder stays in the container (CVE-2018-15664)', async () => {
  const secret = path.join(range.folder, 'secret');
  writeFileSync(secret, 'the machine’s');
  const id = await swapping('copy', '/', '/tmp');
  const name = `dv-pwned-${process.pid}`;
  const archive = await tarOf({ [name]: 'pwned' });
  try {
    for (let i = 0; i < TRIES * 2; i++) {
      const into = queryOf({ path: '/tmp/a' });
      await range.engine.request('PUT', `/containers/${id}/archive?${into}`, archive, tarType);
      const from = queryOf({ path: `/tmp/a${secret}` });
      const { status, text } = await range.engine.request('GET', `/containers/${id}/archive?${from}`);
      assert.not.ok(status === 200 && text.includes('machine'), 'read');
    }
    assert.not.ok(existsSync(`/${name}`), 'written');
  } finally {
    rmSync(`/${name}`, { force: true });
  }
});

escapes('a stopped container’s symlinks and archives that climb stay in it', async () => {
  const id = await range.containers.created({ Cmd: ['true'] });
  const climbing = await tarOf({ '../../../../dv-climbed': 'x', ok: 'y' });
  await range.engine.request('PUT', `/containers/${id}/archive?${queryOf({ path: '/tmp' })}`, climbing, tarType);
  assert.not.ok(existsSync('/dv-climbed'));
  const up = await range.engine.request(
    'GET',
    `/containers/${id}/archive?${queryOf({ path: `/../../../..${range.folder}` })}`,
  );
  assert.is(up.status, 404);
});

escapes('what an image calls /etc, its files, the groups or the console is looked for in the image', async () => {
  const secret = path.join(range.folder, 'secret');
  writeFileSync(secret, 'the machine’s');
  const files = readdirSync(range.folder);
  const up = `../../../../../../../..${range.folder}`;
  const lies: readonly Record<string, string>[] = [
    { etc: range.folder },
    { etc: up },
    { etc: '/proc/self' },
    { 'etc/hosts': secret, 'etc/resolv.conf': `${up}/made`, 'etc/hostname': '/proc/sys/kernel/core_pattern' },
    { 'sys/fs/cgroup': range.folder },
    { 'dev/console': secret, 'dev/ptmx': secret },
  ];
  for (const [at, links] of lies.entries()) {
    await importLying(range.engine, `lying-${at}:1`, links);
    const { out } = await range.said(`ls ${range.folder} /etc/attacker; cat ${secret}; mount`, {
      Image: `lying-${at}:1`,
    });
    assert.not.match(out, /the machine|^\/etc\/attacker/m, JSON.stringify(links));
    assert.match(out, / on \/ type /, JSON.stringify(links));
  }
  assert.equal(readdirSync(range.folder), files);
  assert.is(readFileSync(secret, 'utf8'), 'the machine’s');
});

escapes('users are looked up in the image, and neither in the machine nor for ever', async () => {
  await importLying(range.engine, 'lying-users:1', { etc: '../../../../../../../../etc' });
  const started = async (body: object) => {
    const { json } = await range.containers.create({ Cmd: ['true'], ...body });
    return range.engine.request('POST', `/containers/${json.Id}/start`);
  };
  const [name] = /^(?!root|nobody)[\w-]+(?=:)/m.exec(readFileSync('/etc/passwd', 'utf8'))!;
  const lying = await started({ Image: 'lying-users:1', User: name });
  assert.match(lying.json?.message, `unable to find user ${name}`);
  const Binds = ['pipes:/etc'];
  await range.said('rm -f /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group', { HostConfig: { Binds } });
  for (let i = 0; i < 5; i++) {
    const { json } = await started({ User: 'nobody', HostConfig: { Binds } });
    assert.match(json?.message, 'unable to find user nobody');
  }
});

escapes.run();
