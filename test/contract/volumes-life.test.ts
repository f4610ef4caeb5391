/** Volumes from being made to being pruned. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf, printedIn } from '../support/api.js';
import { busyboxImage, importBusybox, withContainer } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { needs } from '../support/without-root.js';

const volumes = suite('volumes');
let engine: TestEngine;
volumes.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
volumes.after(() => engine.stop());

async function withVolume(body: object, work: (name: string) => Promise<void>): Promise<void> {
  const { json } = await ask(engine, 'POST', '/volumes/create', body);
  try {
    await work(json.Name);
  } finally {
    await engine.request('DELETE', `/volumes/${json.Name}`);
  }
}

async function namesBy(filters: object): Promise<string[]> {
  const { json } = await ask(engine, 'GET', `/volumes?${filterOf(filters)}`);
  assert.is(json.Warnings, null);
  return json.Volumes.map(({ Name }: { Name: string }) => Name).sort();
}

volumes('a volume has what it was made with', async () => {
  await withVolume({ Name: 'contract-v1', Labels: { a: 'b' } }, async (name) => {
    const { json } = await ask(engine, 'GET', `/volumes/${name}`);
    const { CreatedAt, Mountpoint, ...rest } = json;
    assert.match(CreatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
    assert.match(Mountpoint, /\/volumes\/contract-v1\/_data$/);
    assert.equal(rest, { Driver: 'local', Labels: { a: 'b' }, Name: 'contract-v1', Options: null, Scope: 'local' });
  });
});

volumes('one without a name gets a long one and the mark of the anonymous', async () => {
  await withVolume({}, async (name) => {
    assert.match(name, /^[0-9a-f]{64}$/);
    const { json } = await ask(engine, 'GET', `/volumes/${name}`);
    assert.equal(json.Labels, { 'com.docker.volume.anonymous': '' });
  });
});

volumes('making it again gives the one that is there', async () => {
  await withVolume({ Name: 'contract-v2', Labels: { first: '1' } }, async (Name) => {
    const again = await engine.request('POST', '/volumes/create', { Name, Labels: { second: '2' } });
    assert.is(again.status, 201);
    assert.equal(again.json.Labels, { first: '1' });
  });
});

volumes('one that is made again while it is removed has its folder', async () => {
  const Name = 'contract-again';
  for (let i = 0; i < 15; i++) {
    await ask(engine, 'POST', '/volumes/create', { Name });
    const [removed, made] = await Promise.all([
      engine.request('DELETE', `/volumes/${Name}`),
      engine.request('POST', '/volumes/create', { Name }),
    ]);
    assert.equal([removed.status, made.status], [204, 201]);
    const { status } = await engine.request('GET', `/volumes/${Name}`);
    if (status === 404) continue;
    await withContainer(engine, { Cmd: ['sleep', '100'], HostConfig: { Binds: [`${Name}:/v`] } }, async (id) => {
      await ask(engine, 'POST', `/containers/${id}/start`);
      assert.is(await printedIn(engine, id, 'echo kept > /v/file; cat /v/file'), 'kept\n');
    });
    await ask(engine, 'DELETE', `/volumes/${Name}?force=1`);
  }
  await engine.request('DELETE', `/volumes/${Name}`);
});

if (!isOtherEngine)
  volumes('one whose folder an engine did not live to make is whole with the next', async () => {
    await withVolume({ Name: 'contract-half' }, async (name) => {
      const { json } = await ask(engine, 'GET', `/volumes/${name}`);
      await engine.kill();
      await rm(json.Mountpoint, { recursive: true });
      await engine.restart();
      assert.ok(existsSync(json.Mountpoint));
    });
  });

const refused: readonly (readonly [body: object, status: number, message: string])[] = [
  [{ Name: 'x' }, 400, 'create x: volume name is too short, names should be at least two alphanumeric characters'],
  [
    { Name: 'contract/v' },
    400,
    'create contract/v: "contract/v" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  ],
  [
    { Name: 'contract-v', Driver: 'nope' },
    404,
    'create contract-v: error looking up volume plugin nope: plugin "nope" not found',
  ],
  [{ Name: 'contract-v', DriverOpts: { foo: 'x' } }, 400, 'create contract-v: invalid option: "foo"'],
  [{ Name: 'contract-v', DriverOpts: { o: 'bind' } }, 400, 'create contract-v: missing required option: "device"'],
  [{ Name: 'contract-v', DriverOpts: { type: 'none' } }, 400, 'create contract-v: missing required option: "device"'],
  [{ Name: 'contract-v', DriverOpts: { device: '/x' } }, 400, 'create contract-v: missing required option: "type"'],
  [{ Name: 'contract-v', DriverOpts: { size: 'zz' } }, 400, "create contract-v: invalid size: 'zz'"],
  [
    { Name: 'contract-v', DriverOpts: { a: 1 } },
    400,
    'invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.DriverOpts.a of type string',
  ],
  [
    { Name: 'contract-v', ClusterVolumeSpec: {} },
    503,
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ],
];

for (const [body, status, message] of refused)
  volumes(`${JSON.stringify(body)} is refused`, async () => {
    await expectRefusal(engine, { method: 'POST', path: '/volumes/create', body, status, message });
  });

const unknown: readonly (readonly [method: string, path: string, status: number, message: string])[] = [
  ['GET', '/volumes/contract-none', 404, 'get contract-none: no such volume'],
  ['DELETE', '/volumes/contract-none', 404, 'get contract-none: no such volume'],
  [
    'PUT',
    '/volumes/contract-none?version=1',
    503,
    'volume update only valid for cluster volumes, but swarm is unavailable',
  ],
  ['GET', '/volumes?filters=x', 400, 'error reading volume filters: invalid filter'],
  ['GET', `/volumes?${filterOf({ nope: ['x'] })}`, 400, "invalid filter 'nope'"],
  ['GET', `/volumes?${filterOf({ dangling: ['x'] })}`, 400, "invalid filter 'dangling=[x]'"],
  [
    'POST',
    `/volumes/prune?${filterOf({ all: ['x'] })}`,
    400,
    `invalid filter 'all': strconv.ParseBool: parsing "x": invalid syntax`,
  ],
  ['POST', `/volumes/prune?${filterOf({ until: ['1h'] })}`, 400, "invalid filter 'until'"],
];

for (const [method, path, status, message] of unknown)
  volumes(`${method} ${decodeURIComponent(path)} is refused`, () =>
    expectRefusal(engine, { method, path, status, message, ...(method === 'PUT' ? { body: {} } : {}) }),
  );

volumes('an unknown one is removed when that is forced', async () => {
  assert.is((await engine.request('DELETE', '/volumes/contract-none?force=1')).status, 204);
});

volumes('lists are filtered by pattern, label, driver and use', async () => {
  await withVolume({ Name: 'contract-f1', Labels: { tier: 'x' } }, async () => {
    await withVolume({ Name: 'contract-f2' }, async () => {
      const mine = { name: ['^contract-f'] };
      assert.equal(await namesBy(mine), ['contract-f1', 'contract-f2']);
      assert.equal(await namesBy({ name: ['^contract-f1$'] }), ['contract-f1']);
      assert.equal(await namesBy({ label: ['tier=x'], ...mine }), ['contract-f1']);
      assert.equal(await namesBy({ label: ['tier=y'], ...mine }), []);
      assert.equal(await namesBy({ driver: ['nope'] }), []);
      assert.equal(await namesBy({ dangling: ['false'], ...mine }), []);
      await withContainer(engine, { Cmd: ['true'], HostConfig: { Binds: ['contract-f2:/v'] } }, async () => {
        assert.equal(await namesBy({ dangling: ['false'], ...mine }), ['contract-f2']);
        assert.equal(await namesBy({ dangling: ['true'], ...mine }), ['contract-f1']);
      });
    });
  });
});

volumes('what a container refers to is not removed, forced or not', async () => {
  await withVolume({ Name: 'contract-used' }, async () => {
    await withContainer(engine, { Cmd: ['true'], HostConfig: { Binds: ['contract-used:/v'] } }, async (id) => {
      for (const query of ['', '?force=1'])
        await expectRefusal(engine, {
          method: 'DELETE',
          path: `/volumes/contract-used${query}`,
          status: 409,
          message: `remove contract-used: volume is in use - [${id}]`,
        });
    });
  });
});

volumes('prune takes the anonymous, all with a filter, all in old versions', async () => {
  const Labels = { 'contract-prune': '1' };
  const mine = { label: ['contract-prune'] };
  const make = async () => {
    await ask(engine, 'POST', '/volumes/create', { Name: 'contract-p', Labels });
    return (await ask(engine, 'POST', '/volumes/create', { Labels })).json.Name as string;
  };
  const prune = async (version: string, filters: object) =>
    (await ask(engine, 'POST', `${version}/volumes/prune?${filterOf(filters)}`)).json;
  const anonymous = await make();
  assert.equal(await prune('', mine), { VolumesDeleted: [anonymous], SpaceReclaimed: 0 });
  assert.equal((await prune('', { ...mine, all: ['true'] })).VolumesDeleted, ['contract-p']);
  const other = await make();
  assert.equal((await prune('/v1.41', mine)).VolumesDeleted.sort(), [other, 'contract-p'].sort());
  assert.equal(await namesBy(mine), []);
});

volumes('a tmpfs is mounted with its options while a container runs', async () => {
  const DriverOpts = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=1700' };
  await withVolume({ Name: 'contract-tmpfs', DriverOpts }, async (name) => {
    assert.equal((await ask(engine, 'GET', `/volumes/${name}`)).json.Options, DriverOpts);
    const wish = { Cmd: ['sleep', '600'], StopSignal: 'KILL', HostConfig: { Binds: [`${name}:/v`] } };
    await withContainer(engine, wish, async (id) => {
      await ask(engine, 'POST', `/containers/${id}/start`);
      assert.match(await printedIn(engine, id, 'grep " /v " /proc/mounts'), /^tmpfs \/v tmpfs .*size=1024k,mode=1700/);
    });
  });
});

const mountFailures: readonly (readonly [options: Readonly<Record<string, string>>, why: RegExp])[] = [
  [
    { type: 'none', o: 'bind', device: '/nothing/at/all' },
    /failed to mount local volume: mount \/nothing\/at\/all:\S+_data, flags: 0x1000: no such file or directory$/,
  ],
  [
    { type: 'tmpfs', o: 'size=zz', device: 'tmpfs' },
    /failed to mount local volume: mount tmpfs:\S+_data, data: size=zz: invalid argument$/,
  ],
  [{ type: 'nosuchfs', device: 'x' }, /failed to mount local volume: mount x:\S+_data: no such device$/],
];

for (const [DriverOpts, message] of mountFailures)
  (DriverOpts.type === 'nosuchfs' ? needs(volumes, 'kernel') : volumes)(
    `${JSON.stringify(DriverOpts)} fails the start with its errno`,
    async () => {
      await withVolume({ Name: 'contract-broken', DriverOpts }, async (name) => {
        await withContainer(engine, { Cmd: ['true'], HostConfig: { Binds: [`${name}:/v`] } }, (id) =>
          expectRefusal(engine, { method: 'POST', path: `/containers/${id}/start`, status: 500, message }),
        );
      });
    },
  );

volumes('a new volume takes the files of the image, a second mount finds them', async () => {
  await withVolume({ Name: 'contract-fill' }, async (name) => {
    const wish = { Image: busyboxImage, Cmd: ['cat', '/etc/passwd'], HostConfig: { Binds: [`${name}:/etc`] } };
    await withContainer(engine, wish, async (id) => {
      await ask(engine, 'POST', `/containers/${id}/start`);
      await ask(engine, 'POST', `/containers/${id}/wait`);
      assert.match((await ask(engine, 'GET', `/containers/${id}/logs?stdout=1`)).text, /root:x:0:0/);
    });
  });
});

volumes('the disk usage tells their size and who refers to them', async () => {
  await withVolume({ Name: 'contract-size' }, async (name) => {
    const Cmd = ['sh', '-c', 'head -c 100000 /dev/zero > /v/f'];
    await withContainer(engine, { Cmd, HostConfig: { Binds: [`${name}:/v`] } }, async (id) => {
      await ask(engine, 'POST', `/containers/${id}/start`);
      await ask(engine, 'POST', `/containers/${id}/wait`);
      const { json } = await ask(engine, 'GET', '/system/df?type=volume');
      const { UsageData } = json.Volumes.find(({ Name }: { Name: string }) => Name === name);
      assert.is(UsageData.RefCount, 1);
      assert.is(UsageData.Size, 100000);
      assert.is(json.Images, null);
    });
  });
});

volumes('the folder of a volume is on the host', async () => {
  if (isOtherEngine) return;
  await withVolume({ Name: 'contract-host' }, async (name) => {
    const { existsSync } = await import('node:fs');
    const { Mountpoint } = (await ask(engine, 'GET', `/volumes/${name}`)).json;
    assert.ok(existsSync(Mountpoint));
    await engine.request('DELETE', `/volumes/${name}`);
    assert.not(existsSync(Mountpoint));
  });
});

volumes.run();
