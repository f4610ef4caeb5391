/** An engine whose layers are whole trees, as on file systems that overlay cannot stand on: a client sees no difference. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, linesOf, queryOf, tarType } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const trees = suite('layers as whole trees');
let engine: TestEngine;
let containers: Containers;
trees.before(async () => {
  engine = await startEngine({ env: { DEVENV_STORAGE_DRIVER: 'vfs' } });
  containers = new Containers(engine);
  await importBusybox(engine);
});
trees.after.each(() => containers.clear());
trees.after(() => engine.stop());

trees('it is said in what the engine tells of itself, its images and its containers', async () => {
  const { json: info } = await ask(engine, 'GET', '/info');
  assert.is(info.Driver, 'vfs');
  const { json: image } = await ask(engine, 'GET', `/images/${busyboxImage}/json`);
  assert.equal(image.GraphDriver, { Data: null, Name: 'vfs' });
  const { Driver, GraphDriver } = await containers.inspect(await containers.created());
  assert.equal([Driver, GraphDriver], ['vfs', { Data: null, Name: 'vfs' }]);
});

trees('what a container changes is listed, counted, committed and left out of its image', async () => {
  const script = 'rm /etc/group; echo new > /tmp/n; mkdir /opt; chmod 700 /root';
  const id = await containers.created({ Cmd: ['sh', '-c', script] });
  await ask(engine, 'POST', `/containers/${id}/start`);
  await ask(engine, 'POST', `/containers/${id}/wait`);
  const changes = (await ask(engine, 'GET', `/containers/${id}/changes`)).json as { Path: string; Kind: number }[];
  assert.equal(
    changes.map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`),
    ['C /etc', 'D /etc/group', 'A /opt', 'C /root', 'C /tmp', 'A /tmp/n'],
  );
  assert.is((await ask(engine, 'GET', `/containers/${id}/json?size=1`)).json.SizeRw, 4);
  await ask(engine, 'POST', `/commit?${queryOf({ container: id, repo: 'committed', tag: '1' })}`);
  const look = 'ls /etc; cat /tmp/n; stat -c %a /root; ls -d /opt';
  assert.is(
    (await containers.run(look, { Image: 'committed:1' })).out,
    'hostname\nhosts\nmtab\npasswd\nresolv.conf\nnew\n700\n/opt\n',
  );
  assert.match((await containers.run('cat /etc/group; cat /tmp/n')).out, /^root:x:0/);
});

trees('a build’s steps stand on each other', async () => {
  const dockerfile = `FROM ${busyboxImage}
RUN mkdir -p /a/b && echo 1 > /a/b/f && rm /etc/group
COPY x /a/b/f
RUN mv /a/b /c && rmdir /a
`;
  const context = await tarOf({ Dockerfile: dockerfile, x: 'copied' });
  const { text } = await engine.request('POST', '/build?t=built:1&version=1', context, tarType);
  assert.is(linesOf(text).at(-1)?.error, undefined, text);
  const look = 'find / -xdev | grep -E "^/(a|c|etc)" | sort; cat /c/f';
  const found = (await containers.run(look, { Image: 'built:1' })).out;
  assert.match(found, /^\/c\n\/c\/f\n\/etc\n(?!.*group)/);
  assert.match(found, /copied$/);
  await containers.clear();
});

trees('a container outlives its engine, and a volume takes what the image has', async () => {
  const id = await containers.running({ HostConfig: { Binds: ['tree-volume:/etc'] } });
  await containers.exec(id, 'echo kept > /kept');
  await engine.kill();
  await engine.restart();
  assert.is(
    (await containers.exec(id, 'cat /kept; cat /etc/passwd | head -1')).out,
    'kept\nroot:x:0:0:root:/root:/bin/sh\n',
  );
  await ask(engine, 'POST', `/containers/${id}/restart?t=0`);
  assert.is((await containers.exec(id, 'cat /kept')).out, 'kept\n');
});

trees.run();
