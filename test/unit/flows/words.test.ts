import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePlace } from '../../../src/flows/copy.js';
import { shortName } from '../../../src/flows/follow-logs.js';
import { toUnixTime } from '../../../src/flows/logs.js';
import { ago, writtenTime } from '../../../src/flows/ps.js';
import type { Session } from '../../../src/flows/session.js';
import { justAfter, readLogs, unixSeconds } from '../../../src/flows/streams.js';
import { parseScale, toUpOptions } from '../../../src/flows/up-command.js';
import { formatBytes, parseBytes } from '../../../src/model/bytes.js';
import { parseDuration } from '../../../src/model/durations.js';
import { oneOffService, parsePublish, parseVolume } from '../../../src/plan/one-off.js';
import { fakeEngine } from '../../support/fake-engine.js';
import { project } from '../../support/projects.js';

const flows = suite('flows and the words they read');

flows('reads durations and sizes', () => {
  assert.equal(
    ['1m30s', '250ms', '1h5.5s', '10', '1.5s', '0s'].map(parseDuration),
    [90_000, 250, 3_605_500, 10_000, 1500, 0],
  );
  assert.equal(['', 'x', '1x', '1 m'].map(parseDuration), [undefined, undefined, undefined, undefined]);
  assert.equal(['512m', '2gb', '1024', '1.5k', '-1', 'x'].map(parseBytes), [
    512 << 20,
    2 * 2 ** 30,
    1024,
    1536,
    -1,
    undefined,
  ]);
  assert.equal([0, 1500, 82_000_000].map(formatBytes), ['0B', '1.5kB', '82MB']);
});

flows('reads times', () => {
  assert.is(toUnixTime('10m', 1_000_000_000), '999400');
  assert.is(toUnixTime('2001-09-09T01:46:40Z', 0), '1000000000');
  assert.is(toUnixTime('1700000000.5', 0), '1700000000.5');
  assert.throws(() => toUnixTime('yesterday', 0), /is no time/);
  assert.is(justAfter('2001-09-09T01:46:40.000000009Z'), '1000000000.000000010');
  assert.is(justAfter('2001-09-09T01:46:40Z'), '1000000000.000000001');
  assert.is(unixSeconds(1_500_000_000n), '1.500000000');
});

flows('says how long ago as the docker command', () => {
  const [minute, hour, day] = [60, 3600, 86_400];
  const cases: [number, string][] = [
    [0.4, 'Less than a second ago'],
    [1, '1 second ago'],
    [59, '59 seconds ago'],
    [90, 'About a minute ago'],
    [50 * minute, '50 minutes ago'],
    [80 * minute, 'About an hour ago'],
    [47 * hour, '47 hours ago'],
    [13 * day, '13 days ago'],
    [20 * day, '2 weeks ago'],
    [100 * day, '3 months ago'],
    [800 * day, '2 years ago'],
  ];
  for (const [seconds, text] of cases) assert.is(ago(seconds), text);
});

flows('writes a moment with its offset', () => {
  assert.match(writtenTime(1_795_260_988), /^2026-11-2\d \d\d:\d\d:28 [+-]\d{4} \S+$/);
});

flows('tells a place in a container from one on this machine', () => {
  assert.equal(parsePlace('api:/tmp/x'), { service: 'api', path: '/tmp/x' });
  assert.equal(parsePlace('./a:b'), { service: undefined, path: './a:b' });
  assert.equal(parsePlace('/abs'), { service: undefined, path: '/abs' });
});

flows('reads ports and volumes of run', () => {
  assert.equal(parsePublish('127.0.0.1:8080:80/udp'), {
    mode: 'ingress',
    target: 80,
    protocol: 'udp',
    published: '8080',
    host_ip: '127.0.0.1',
  });
  assert.equal(parsePublish('[::1]::80')?.host_ip, '::1');
  assert.is(parsePublish('80')?.published, undefined);
  assert.is(parsePublish('x'), undefined);
  assert.is(parseVolume('/a:/b:ro').type, 'bind');
  assert.equal(parseVolume('data:/b').source, 'data');
  assert.equal(parseVolume('/only'), { type: 'volume', target: '/only' });
});

flows('changes a service for run: no ports, no restart, its own command', () => {
  const of = project({
    web: {
      image: 'w',
      command: ['serve'],
      ports: [{ mode: 'ingress', target: 80, protocol: 'tcp' }],
      restart: 'always',
    },
  });
  const wish = {
    ...{
      command: ['test'],
      entrypoint: undefined,
      environment: { A: '1' },
      user: undefined,
      workingDir: undefined,
      labels: {},
    },
    ...{ publish: [], servicePorts: false, volumes: [], tty: false, stdin: true, name: 'n', capAdd: [], capDrop: [] },
  };
  const changed = oneOffService(of.services.web!, wish);
  assert.equal([changed.command, changed.ports, changed.restart], [['test'], [], 'no']);
  assert.equal(oneOffService(of.services.web!, { ...wish, command: [], servicePorts: true }).ports?.length, 1);
  assert.equal(oneOffService(of.services.web!, { ...wish, command: [], entrypoint: ['sh'] }).command, []);
});

flows('reads the flags of up', () => {
  const options = toUpOptions(
    { services: [], scale: ['web=3'], build: true, 'force-recreate': true },
    { COMPOSE_REMOVE_ORPHANS: 'true' },
  );
  assert.equal(
    [options.scale, options.build, options.recreate, options.recreateDependencies, options.removeOrphans],
    [{ web: 3 }, 'always', 'force', 'diverged', true],
  );
  assert.throws(() => parseScale('web'), /SERVICE=NUM/);
});

flows('shortens names to what a person says', () => {
  assert.is(shortName('shop', 'shop-web-1'), 'web-1');
  assert.is(shortName('shop', 'mine'), 'mine');
});

flows('goes on with a log behind its last line when the engine breaks off', async () => {
  let asked = 0;
  const frame = (text: string) => {
    const head = Buffer.alloc(8);
    head[0] = 1;
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const engine = await fakeEngine(({ path, query }, response) => {
    if (path.endsWith('/json')) return void response.end(JSON.stringify({ State: { Running: false } }));
    asked += 1;
    if (asked > 1) return void response.end(frame(`2001-09-09T01:46:41Z two since ${query.get('since')}\n`));
    response.write(frame('2001-09-09T01:46:40Z one\n'));
    setTimeout(() => response.destroy(), 20);
  });
  let reconnected = 0;
  const session = {
    engine: async () => engine.client,
    reconnect: async () => {
      reconnected += 1;
    },
  } as unknown as Session;
  const lines: string[] = [];
  for await (const { text } of readLogs(session, 'x', { follow: true, tty: false })) lines.push(text);
  assert.equal(lines, ['one', 'two since 1000000000.000000001']);
  assert.is(reconnected, 1);
  await engine.close();
});

flows.run();
