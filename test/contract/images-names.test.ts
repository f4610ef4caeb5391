/** Names of images, what stands on them, and what removing and pruning takes away. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, expectRefusal, filterOf, queryOf, tarType } from '../support/api.js';
import { busyboxImage, busyboxRoot, importBusybox, withContainer } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const images = suite('names of images');
let engine: TestEngine;
images.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
images.after(() => engine.stop());

/** An image of one file under a name; its id. */
async function imported(name: string, text = name, changes: readonly string[] = []): Promise<string> {
  const [repo, tag] = name.split(':') as [string, string];
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const change of changes) query.append('changes', change);
  const { status, text: said } = await engine.request(
    'POST',
    `/images/create?${query}`,
    await tarOf({ text }),
    tarType,
  );
  assert.is(status, 200, said);
  return (await inspected(name)).Id;
}

const inspected = async (name: string) => (await ask(engine, 'GET', `/images/${name}/json`)).json;
const tagged = (name: string, repo: string, tag: string) =>
  ask(engine, 'POST', `/images/${name}/tag?${queryOf({ repo, tag })}`);
const removed = async (name: string, query = '') =>
  (await ask(engine, 'DELETE', `/images/${name}${query}`)).json as { Untagged?: string; Deleted?: string }[];
const drop = async (...names: readonly string[]) => {
  for (const name of names) await engine.request('DELETE', `/images/${name}?force=1`);
};
const short = (id: string) => id.slice(7, 19);

async function listed(filters: object): Promise<string[]> {
  const { json } = await ask(engine, 'GET', `/images/json?${filterOf(filters)}`);
  return json.flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags).sort();
}

images('a tag of several goes alone, the last takes the image with it', async () => {
  const id = await imported('contract-t:1');
  await tagged('contract-t:1', 'contract-t', '2');
  assert.equal(await removed('contract-t:1'), [{ Untagged: 'contract-t:1' }]);
  const gone = await removed('contract-t:2');
  assert.equal(gone.slice(0, 2), [{ Untagged: 'contract-t:2' }, { Deleted: id }]);
  assert.is((await engine.request('GET', `/images/${id}/json`)).status, 404);
});

images('an id of several repositories is refused unless forced', async () => {
  const id = await imported('contract-m:1');
  await tagged(id, 'contract-n', '1');
  await expectRefusal(engine, {
    method: 'DELETE',
    path: `/images/${id}`,
    status: 409,
    message: `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
  });
  const gone = await removed(id, '?force=1');
  const untagged = gone.flatMap(({ Untagged }) => Untagged ?? []);
  assert.equal(untagged.sort(), ['contract-m:1', 'contract-n:1']);
});

images('what a container stands on is kept', async () => {
  const id = await imported('contract-u:1');
  await withContainer(engine, { Image: 'contract-u:1', Cmd: ['x'] }, async (container) => {
    const using = `container ${container.slice(0, 12)} is using its referenced image ${short(id)}`;
    await expectRefusal(engine, {
      method: 'DELETE',
      path: '/images/contract-u:1',
      status: 409,
      message: `conflict: unable to remove repository reference "contract-u:1" (must force) - ${using}`,
    });
    await expectRefusal(engine, {
      method: 'DELETE',
      path: `/images/${id}`,
      status: 409,
      message: `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container ${container.slice(0, 12)}`,
    });
    assert.equal(await removed('contract-u:1', '?force=1'), [{ Untagged: 'contract-u:1' }, { Deleted: id }]);
    const { json } = await ask(engine, 'GET', `/containers/${container}/json`);
    assert.is(json.Image, id);
    await ask(engine, 'GET', `/containers/${container}/archive?path=/text`);
  });
  assert.is((await engine.request('GET', `/images/${id}/json`)).status, 404);
});

images('what a running container stands on cannot be forced away', async () => {
  const query = queryOf({ fromSrc: '-', repo: 'contract-run', tag: '1', changes: 'ENV PATH=/bin' });
  await engine.request('POST', `/images/create?${query}`, await busyboxRoot(), tarType);
  const { Id } = await inspected('contract-run:1');
  const wish = { Image: 'contract-run:1', Cmd: ['sleep', '600'], StopSignal: 'KILL' };
  await withContainer(engine, wish, async (container) => {
    await ask(engine, 'POST', `/containers/${container}/start`);
    await expectRefusal(engine, {
      method: 'DELETE',
      path: `/images/${Id}?force=1`,
      status: 409,
      message: `conflict: unable to delete ${short(Id)} (cannot be forced) - image is being used by running container ${container.slice(0, 12)}`,
    });
  });
  await drop('contract-run:1');
});

images('an image with children is not removed by its id, and goes with its last child', async () => {
  const base = await imported('contract-base:1');
  let child = '';
  await withContainer(engine, { Image: 'contract-base:1', Cmd: ['x'] }, async (container) => {
    child = (await ask(engine, 'POST', `/commit?${queryOf({ container, repo: 'contract-child' })}`)).json.Id;
  });
  assert.is((await inspected('contract-child')).Parent, base);
  await expectRefusal(engine, {
    method: 'DELETE',
    path: `/images/${base}?force=1`,
    status: 409,
    message: `conflict: unable to delete ${short(base)} (cannot be forced) - image has dependent child images`,
  });
  assert.equal(await removed('contract-base:1'), [{ Untagged: 'contract-base:1' }]);
  assert.equal((await inspected(base)).RepoTags, []);
  const deleted = (await removed('contract-child')).flatMap(({ Deleted }) => Deleted ?? []);
  assert.ok(deleted.includes(child), JSON.stringify(deleted));
  assert.ok(deleted.includes(base), JSON.stringify(deleted));
});

images('a commit has the container’s configuration, what was said and what was changed', async () => {
  const wish = { Cmd: ['sh', '-c', 'echo x > /made'], Env: ['A=1'], Labels: { l: '1' }, WorkingDir: '/tmp' };
  await withContainer(engine, wish, async (container) => {
    await ask(engine, 'POST', `/containers/${container}/start`);
    await ask(engine, 'POST', `/containers/${container}/wait`);
    const query = new URLSearchParams({ container, repo: 'contract-c', tag: '1', comment: 'why', author: 'me' });
    for (const change of ['ENV B=2', 'EXPOSE 80', 'CMD ["cat","/made"]']) query.append('changes', change);
    const { status, json } = await engine.request('POST', `/commit?${query}`);
    assert.is(status, 201);
    const image = await inspected('contract-c:1');
    assert.is(image.Id, json.Id);
    assert.is(image.Comment, 'why');
    assert.is(image.Author, 'me');
    assert.equal(image.Config.Cmd, ['cat', '/made']);
    assert.equal(
      image.Config.Env.filter((line: string) => /^[AB]=/.test(line)),
      ['A=1', 'B=2'],
    );
    assert.equal(image.Config.ExposedPorts, { '80/tcp': {} });
    assert.is(image.Config.Labels.l, '1');
    assert.is(image.Config.WorkingDir, '/tmp');
    assert.is(image.Config.Volumes, null);
    const [top] = (await ask(engine, 'GET', '/images/contract-c:1/history')).json;
    assert.is(top.Comment, 'why');
    assert.is(top.CreatedBy, 'sh -c echo x > /made');
    assert.equal(top.Tags, ['contract-c:1']);
    const Image = 'contract-c:1';
    await withContainer(engine, { Image }, async (again) => {
      await ask(engine, 'POST', `/containers/${again}/start`);
      await ask(engine, 'POST', `/containers/${again}/wait`);
      const logs = await ask(engine, 'GET', `/containers/${again}/logs?stdout=1`);
      assert.ok(logs.text.endsWith('x\n'));
    });
    await drop(Image);
  });
});

images('changes that are none are refused', async () => {
  await withContainer(engine, { Cmd: ['true'] }, async (container) => {
    for (const word of ['RUN', 'NOPE'])
      await expectRefusal(engine, {
        method: 'POST',
        path: `/commit?${queryOf({ container, changes: `${word} x` })}`,
        status: 400,
        message: `${word} is not a valid change command`,
      });
  });
});

images('lists are filtered by reference, label, age and the age of others', async () => {
  await imported('contract-l1:1', 'one', ['LABEL contract-l=one']);
  await imported('contract-l2:1', 'two', ['LABEL contract-l=two']);
  await tagged('contract-l2:1', 'contract-l2', '2');
  const mine = { label: ['contract-l'] };
  assert.equal(await listed({ reference: ['contract-l*'] }), ['contract-l1:1', 'contract-l2:1', 'contract-l2:2']);
  assert.equal(await listed({ reference: ['contract-l2:2'] }), ['contract-l2:2']);
  assert.equal(await listed({ label: ['contract-l=one'] }), ['contract-l1:1']);
  assert.equal(await listed({ ...mine, since: ['contract-l1:1'] }), ['contract-l2:1', 'contract-l2:2']);
  assert.equal(await listed({ ...mine, before: ['contract-l2:1'] }), ['contract-l1:1']);
  assert.equal(await listed({ ...mine, until: ['1h'] }), []);
  assert.equal(await listed({ ...mine, dangling: ['true'] }), []);
  assert.equal(await listed({ label: ['contract-nothing'] }), []);
  const old = await ask(engine, 'GET', '/v1.40/images/json?filter=contract-l1');
  assert.equal(old.json[0].RepoTags, ['contract-l1:1']);
  assert.is(old.json.length, 1);
  await drop('contract-l1:1', 'contract-l2:1', 'contract-l2:2');
});

images('prune of all takes images of several repositories, and leaves the used ones', async () => {
  const id = await imported('contract-p1:1', 'p', ['LABEL contract-prune-all=1']);
  await tagged(id, 'contract-p2', '1');
  const used = await imported('contract-p3:1', 'q', ['LABEL contract-prune-all=1']);
  await withContainer(engine, { Image: 'contract-p3:1', Cmd: ['x'] }, async () => {
    const filters = { dangling: ['false'], label: ['contract-prune-all'] };
    const { json } = await ask(engine, 'POST', `/images/prune?${filterOf(filters)}`);
    const gone: { Untagged?: string; Deleted?: string }[] = json.ImagesDeleted;
    assert.equal(gone.flatMap(({ Untagged }) => Untagged ?? []).sort(), ['contract-p1:1', 'contract-p2:1']);
    assert.ok(gone.some(({ Deleted }) => Deleted === id));
    assert.is(json.SpaceReclaimed, 1);
    assert.is((await inspected('contract-p3:1')).Id, used);
  });
  await drop('contract-p3:1');
});

images('an image of another platform than asked for is not found', async () => {
  const platform = (architecture: string) => queryOf({ platform: JSON.stringify({ os: 'linux', architecture }) });
  const { Architecture } = await inspected(busyboxImage);
  const other = Architecture === 'amd64' ? 'arm64' : 'amd64';
  await expectRefusal(engine, {
    method: 'GET',
    path: `/images/${busyboxImage}/get?${platform(other)}`,
    status: 500,
    message: `no suitable export target found for platform linux/${other}`,
  });
  for (const rest of ['json', 'history']) {
    await ask(engine, 'GET', `/images/${busyboxImage}/${rest}?${platform(Architecture)}`);
    await expectRefusal(engine, {
      method: 'GET',
      path: `/images/${busyboxImage}/${rest}?${platform(other)}`,
      status: 404,
      message: `image with reference ${busyboxImage} was found but its platform (linux/${Architecture}) does not match the specified platform (linux/${other})`,
    });
    await expectRefusal(engine, {
      method: 'GET',
      path: `/images/${busyboxImage}/${rest}?platform=%7B`,
      status: 400,
      message: 'failed to parse platform: unexpected end of JSON input',
    });
  }
});

images('names that are none are refused wherever they are said', async () => {
  const upper = 'invalid reference format: repository name (library/UP) must be lowercase';
  const root = await tarOf({ f: 'x' });
  const refusals: readonly (readonly [path: string, body: Uint8Array | undefined, status: number, message: string])[] =
    [
      [`/images/${busyboxImage}/tag?repo=UP`, undefined, 400, upper],
      [`/images/${busyboxImage}/tag?repo=x&tag=a%20b`, undefined, 400, 'invalid tag format'],
      [`/images/${busyboxImage}/tag?repo=x@sha256:${'a'.repeat(64)}`, undefined, 400, 'cannot import digest reference'],
      ['/images/create?fromSrc=-&repo=UP', root, 400, upper],
      ['/images/create?fromSrc=-&repo=x&tag=b@d', root, 400, 'invalid tag format'],
      ['/images/create?fromSrc=-&repo=x&changes=NOPE', root, 400, 'NOPE is not a valid change command'],
      ['/images/create?fromSrc=-&repo=x&platform=windows/amd64', root, 400, 'operating system is not supported'],
      [
        '/images/create?fromSrc=-&repo=x&platform=a/b/c/d',
        root,
        400,
        '"a/b/c/d": cannot parse platform specifier: invalid argument',
      ],
      ['/images/create?fromImage=UP', undefined, 400, upper],
      ['/images/create?fromImage=scratch&tag=latest', undefined, 403, "'scratch' is a reserved name"],
      ['/images/UP/push', undefined, 400, upper],
    ];
  for (const [path, body, status, message] of refusals)
    await expectRefusal(engine, { method: 'POST', path, body, headers: body ? tarType : {}, status, message });
});

images.run();
