/** Ways from a container to processes, descriptors and sockets of others. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually } from '../support/api.js';
import { openRange, type Range } from '../support/attacker.js';
import { busyboxImage } from '../support/busybox.js';
import { tarOf } from '../support/tar.js';

const escapes = suite('escapes to other processes');
let range: Range;

escapes.before(async () => {
  range = await openRange();
});
escapes.after(() => range.stop());
escapes.after.each(() => range.containers.clear());

const LIST = 'ls -l /proc/$$/fd; true';

/** Three streams, each a pipe, the null device or a terminal. */
function onlyStreams(listed: string, where: string) {
  const lines = listed.split('\n').flatMap((line) => line.match(/\d+ -> .*/)?.[0].trim() ?? []);
  assert.equal(lines.map((line) => Number(line.split(' ')[0])).sort(), [0, 1, 2], `${where}:\n${listed}`);
  for (const line of lines) assert.match(line, /-> (pipe:\[\d+\]|\/dev\/null|\/dev\/pts\/\d+)$/, where);
}

escapes('no descriptor of the machine is left in a process (CVE-2024-21626)', async () => {
  onlyStreams((await range.said(LIST)).out, 'first process');
  onlyStreams((await range.said(LIST, { HostConfig: { Init: true } })).out, 'below the init');
  const id = await range.containers.running({
    Healthcheck: { Test: ['CMD-SHELL', LIST], Interval: 1e9, Timeout: 5e9 },
  });
  onlyStreams((await range.containers.exec(id, LIST)).out, 'exec');
  await eventually('probed', async () => (await range.containers.inspect(id)).State.Health.Log.length > 0);
  onlyStreams((await range.containers.inspect(id)).State.Health.Log[0].Output, 'health check');
});

escapes('no descriptor is left in a build step', async () => {
  const Dockerfile = `FROM ${busyboxImage}\nRUN ${LIST}\n`;
  const { text } = await range.engine.request('POST', '/build?nocache=1&q=0', await tarOf({ Dockerfile }));
  const said = text
    .split('\r\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).stream ?? '')
    .join('');
  assert.match(said, /Successfully built/, text);
  onlyStreams(said, 'build step');
});

escapes('no working directory leads out through a descriptor (CVE-2024-21626)', async () => {
  const id = await range.containers.running();
  for (let fd = 3; fd < 12; fd++) {
    const WorkingDir = `/proc/self/fd/${fd}`;
    const made = await range.containers.create({ Cmd: ['pwd', '-P'], WorkingDir });
    const start = made.json?.Id ? await range.engine.request('POST', `/containers/${made.json.Id}/start`) : made;
    assert.ok(start.status >= 400, `${WorkingDir}: ${start.status}`);
    const exec = await ask(range.engine, 'POST', `/containers/${id}/exec`, {
      Cmd: ['ls'],
      AttachStdout: true,
      WorkingDir,
    });
    const answer = await range.engine.request('POST', `/exec/${exec.json.Id}/start`, {});
    const { json } = await ask(range.engine, 'GET', `/exec/${exec.json.Id}/json`);
    assert.ok(answer.status >= 400 || json.ExitCode !== 0, WorkingDir);
  }
});

const launcher =
  process.env.DEVENV_LAUNCHER ?? fileURLToPath(new URL('../../../runtime/launcher/build/launcher', import.meta.url));
const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

escapes('the launcher’s executable cannot be overwritten through /proc/PID/exe (CVE-2019-5736)', async () => {
  const before = digestOf(launcher);
  const id = await range.containers.running({
    Cmd: ['/attack/attacker', 'watch'],
    // With what makes it easier: by default it hardly gets to see one.
    HostConfig: { Binds: range.armed, CapAdd: ['SYS_PTRACE'], SecurityOpt: ['seccomp=unconfined'] },
  });
  await range.containers.exec(id, "printf '#!/proc/self/exe\\n' > /bin/evil; chmod +x /bin/evil");
  for (let i = 0; i < 25; i++) {
    await range.containers.exec(id, ['/proc/self/exe']).catch(() => undefined);
    await range.containers.exec(id, ['/bin/evil']).catch(() => undefined);
  }
  await range.containers.exec(id, 'touch /tmp/stop');
  await range.containers.reaches(id, 'exited');
  const { text } = await ask(range.engine, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`);
  assert.match(text, /seen [1-9]\d* written 0/);
  assert.is(digestOf(launcher), before);
});

escapes('processes of the machine and of other containers are out of reach', async () => {
  const other = await range.containers.running();
  const { Pid } = (await range.containers.inspect(other)).State;
  const HostConfig = { Binds: range.armed, CapAdd: ['SYS_PTRACE', 'KILL'] };
  for (const pid of [Pid, process.pid, range.engine.pid]) {
    const { code, out } = await range.said(`/attack/attacker processes ${pid}`, { HostConfig });
    assert.is(code, 1, out);
    assert.is(out.match(/No such process/g)?.length, 3, out);
  }
  const seen = await range.said("ls /proc | grep -c '^[0-9]'; readlink /proc/1/root; ls /proc/1/root/bin/sh");
  assert.match(seen.out, /^[1-6]\n\/\n\/proc\/1\/root\/bin\/sh\n$/);
});

escapes('abstract sockets of the machine are out of reach', async () => {
  const name = `dv-escape-${process.pid}`;
  const server = net.createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(`\0${name}`, resolve));
  try {
    const attack = (NetworkMode: string) =>
      range.said(`/attack/attacker abstract ${name}`, { HostConfig: { Binds: range.armed, NetworkMode } });
    assert.match((await attack('bridge')).out, /Connection refused/);
    assert.match((await attack('host')).out, /DONE/, 'the control');
  } finally {
    server.close();
  }
});

escapes.run();
