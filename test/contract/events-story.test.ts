/** What an engine tells of one story, and how a client picks from it. */
import http from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, eventually, filterOf, linesOf, printedIn, queryOf, tarType } from '../support/api.js';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const events = suite('events');
let engine: TestEngine;
const names = { net: 'contract-en', volume: 'contract-ev', box: 'contract-ec', image: 'contract-ei' };

interface Told {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly scope: string;
  readonly time: number;
}

let began = '';
let ended = '';
let box = '';

/** Five milliseconds later than now, as events are told to the nanosecond. */
const seconds = () => ((Date.now() + 5) / 1000).toFixed(3);

/** What was told during the story, as the daemon remembers it. */
async function told(filters: object, range: Readonly<Record<string, string>> = {}): Promise<Told[]> {
  const query = `${queryOf({ since: began, until: ended, ...range })}&${filterOf(filters)}`;
  return linesOf((await ask(engine, 'GET', `/events?${query}`)).text);
}

const actions = (list: readonly Told[]) => list.map(({ Type, Action }) => `${Type} ${Action}`);

async function story(): Promise<void> {
  await ask(engine, 'POST', '/networks/create', { Name: names.net });
  await ask(engine, 'POST', '/volumes/create', { Name: names.volume });
  const wish = {
    Image: busyboxImage,
    Cmd: ['sleep', '600'],
    Labels: { story: 'told' },
    StopSignal: 'KILL',
    HostConfig: { Binds: [`${names.volume}:/v`], NetworkMode: names.net },
  };
  box = (await ask(engine, 'POST', `/containers/create?name=${names.box}`, wish)).json.Id;
  const at = (path: string, body?: unknown) => ask(engine, 'POST', `/containers/${box}/${path}`, body);
  await at('start');
  await printedIn(engine, box, 'exit 3');
  await ask(engine, 'POST', '/networks/bridge/connect', { Container: box });
  await ask(engine, 'POST', '/networks/bridge/disconnect', { Container: box });
  await at('pause');
  await at('unpause');
  await at(`rename?name=${names.box}2`);
  await at('resize?h=10&w=20');
  await ask(engine, 'GET', `/containers/${box}/top`);
  await ask(engine, 'GET', `/containers/${box}/export`);
  await ask(engine, 'POST', `/commit?${queryOf({ container: box, repo: names.image, tag: '1', pause: '0' })}`);
  await at('kill');
  await eventually('the end of the container', async () => !(await inspected()).State.Running);
  await ask(engine, 'DELETE', `/containers/${box}`);
  await ask(engine, 'POST', `/images/${names.image}:1/tag?${queryOf({ repo: names.image, tag: '2' })}`);
  await ask(engine, 'DELETE', `/images/${names.image}:1`);
  await ask(engine, 'DELETE', `/images/${names.image}:2`);
  await engine.request(
    'POST',
    `/images/create?${queryOf({ fromSrc: '-', repo: names.image, tag: '3' })}`,
    await tarOf({ f: 'x' }),
    tarType,
  );
  await ask(engine, 'DELETE', `/images/${names.image}:3`);
  await ask(engine, 'DELETE', `/volumes/${names.volume}`);
  await ask(engine, 'DELETE', `/networks/${names.net}`);
  for (const kind of ['containers', 'networks', 'volumes', 'images'])
    await ask(engine, 'POST', `/${kind}/prune?${filterOf({ label: ['contract-nothing'] })}`);
}

const inspected = async () => (await ask(engine, 'GET', `/containers/${box}/json`)).json;

events.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  began = seconds();
  await new Promise((resolve) => setTimeout(resolve, 10));
  await story();
  ended = seconds();
});
events.after(() => engine.stop());

events('a container’s life is told in its order', async () => {
  const list = await told({ container: [box] });
  const seen = actions(list).map((one) => one.replace('container ', ''));
  assert.equal(seen, [
    'create',
    'start',
    'exec_create: sh -c exit 3',
    'exec_start: sh -c exit 3',
    'exec_die',
    'pause',
    'unpause',
    'rename',
    'resize',
    'top',
    'export',
    'commit',
    'kill',
    'die',
    'destroy',
  ]);
  for (const event of list) {
    const { Attributes, ID } = event.Actor;
    assert.is(ID, box);
    assert.is(event.id, box);
    assert.is(event.status, event.Action);
    assert.is(event.from, busyboxImage);
    assert.is(event.scope, 'local');
    assert.is(Attributes.image, busyboxImage);
    assert.is(Attributes.story, 'told');
  }
  const attributesOf = (action: string) => list.find(({ Action }) => Action === action)!.Actor.Attributes;
  assert.is(attributesOf('exec_die').exitCode, '3');
  assert.match(attributesOf('exec_die').execID!, /^[0-9a-f]{64}$/);
  assert.is(attributesOf('rename').oldName, `/${names.box}`);
  assert.is(attributesOf('rename').name, `${names.box}2`);
  assert.is(attributesOf('resize').height, '10');
  assert.is(attributesOf('kill').signal, '9');
  assert.is(attributesOf('die').exitCode, '137');
  assert.match(attributesOf('die').execDuration!, /^\d+$/);
  assert.match(attributesOf('commit').imageID!, /^sha256:/);
  assert.is(attributesOf('commit').imageRef, `${names.image}:1`);
});

events('networks and volumes tell who uses them', async () => {
  const networks = await told({ network: [names.net] });
  assert.equal(
    networks.map(({ Action }) => Action),
    ['create', 'connect', 'disconnect', 'destroy'],
  );
  assert.equal(networks[1]!.Actor.Attributes, { container: box, name: names.net, type: 'bridge' });
  assert.not('status' in networks[0]!);
  const volumes = await told({ volume: [names.volume] });
  const kinds = volumes.map(({ Action }) => Action);
  assert.equal([kinds[0], kinds[1], kinds.at(-2), kinds.at(-1)], ['create', 'mount', 'unmount', 'destroy']);
  assert.equal(volumes[1]!.Actor.Attributes, {
    container: box,
    destination: '/v',
    driver: 'local',
    propagation: '',
    'read/write': 'true',
  });
});

events('an image tells its names', async () => {
  const list = (await told({ type: ['image'] })).filter(({ Action }) => Action !== 'prune');
  const mine = list.filter(({ Actor }) => Actor.Attributes.name?.startsWith(names.image) || Actor.Attributes.story);
  const seen = mine.map(({ Action }) => Action);
  assert.equal(seen.slice(0, 5), ['create', 'tag', 'tag', 'untag', 'untag']);
  assert.ok(list.some(({ Action, Actor }) => Action === 'delete' && Actor.Attributes.name === Actor.ID));
  const imported = list.find(({ Action }) => Action === 'import')!;
  assert.is(imported.Actor.Attributes.name, imported.Actor.ID);
});

events('prunes are told even when they find nothing', async () => {
  const list = await told({ event: ['prune'] });
  const types = new Set(list.map(({ Type }) => Type));
  for (const type of ['container', 'network', 'volume', 'image']) assert.ok(types.has(type), type);
  for (const { Actor, id } of list) {
    assert.match(Actor.Attributes.reclaimed!, /^\d+$/);
    assert.is(Actor.ID, '');
    assert.is(id, undefined);
  }
});

events('filters pick by type, action, label, image and container, all at once', async () => {
  assert.equal(actions(await told({ container: [names.box], event: ['start'] })), ['container start']);
  assert.equal(actions(await told({ container: [`${names.box}2`], event: ['die', 'kill'] })), [
    'container kill',
    'container die',
  ]);
  assert.equal(actions(await told({ container: [box], type: ['network'] })), []);
  assert.equal(actions(await told({ label: ['story=told'], event: ['create'], type: ['container'] })), [
    'container create',
  ]);
  assert.equal(actions(await told({ label: ['story=other'] })), []);
  const byImage = await told({ image: [busyboxImage], container: [box], event: ['start'] });
  assert.equal(actions(byImage), ['container start']);
  assert.equal(actions(await told({ container: [box], event: ['exec_create'] })), [
    'container exec_create: sh -c exit 3',
  ]);
  assert.equal(actions(await told({ nonsense: ['x'], container: [box], event: ['start'] })).length <= 1, true);
});

events('since and until cut the story', async () => {
  const all = await told({ container: [box] });
  assert.equal(await told({ container: [box] }, { since: '1', until: '2' }), []);
  assert.is((await told({ container: [box] }, { since: '1' })).length, all.length);
});

events('a client that follows hears at once', async () => {
  let text = '';
  const opened = new Promise<http.IncomingMessage>((resolve, reject) => {
    const path = `/events?${filterOf({ volume: ['contract-live'] })}`;
    http.get({ socketPath: engine.socket, path, agent: false }, resolve).on('error', reject);
  });
  const response = await opened;
  assert.is(response.statusCode, 200);
  assert.is(response.headers['content-type'], 'application/json');
  response.on('data', (chunk) => {
    text += chunk;
  });
  response.on('error', () => undefined);
  await ask(engine, 'POST', '/volumes/create', { Name: 'contract-live' });
  await ask(engine, 'DELETE', '/volumes/contract-live');
  await eventually('both events', async () => text.split('\n').length === 3);
  response.destroy();
  assert.equal(
    linesOf(text).map(({ Action }) => Action),
    ['create', 'destroy'],
  );
});

events('the answer ends with until', async () => {
  const { status, text } = await engine.request(
    'GET',
    `/events?${queryOf({ until: (Date.now() / 1000 + 0.3).toFixed(3) })}&${filterOf({ volume: ['contract-none'] })}`,
  );
  assert.is(status, 200);
  assert.is(text, '');
});

events.run();
