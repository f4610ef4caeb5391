import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { composeLabel } from '../../../src/model/labels.js';
import type { Observed } from '../../../src/model/observed.js';
import type { Project } from '../../../src/model/project.js';
import { defaultUpOptions, type UpOptions } from '../../../src/plan/options.js';
import { renderPlan } from '../../../src/plan/render.js';
import { planUp } from '../../../src/plan/up.js';
import { container, nothing, project, running } from '../../support/projects.js';

const planning = suite('plan up');

function plan(desired: Project, observed: Observed, options: Partial<UpOptions> = {}): string {
  return `\n${renderPlan(planUp(desired, observed, { ...defaultUpOptions, ...options }))}`;
}

const shop = () =>
  project({
    db: { image: 'pg:16' },
    web: { image: 'web:1', depends_on: { db: { condition: 'service_started', required: true } } },
  });

planning('makes networks, then containers at once, then starts dependencies first', () => {
  assert.fixture(
    plan(shop(), nothing(shop())),
    `
1 network.create   shop_default  not there yet
2 container.create shop-db-1     not there yet  after 1
3 container.start  shop-db-1     created  after 2
4 container.create shop-web-1    not there yet  after 1
5 container.start  shop-web-1    created  after 3, 4
`,
  );
});

planning('does nothing when all runs as the config says', () => {
  assert.is(plan(shop(), running(shop())), '\n');
});

planning('refuses what shares with a container that is not there and is not made either', () => {
  const sharing = project({
    db: { image: 'pg:16' },
    net: { image: 'i', network_mode: 'service:db' },
    ipc: { image: 'i', ipc: 'service:db' },
    pid: { image: 'i', pid: 'service:db' },
    files: { image: 'i', volumes_from: ['db:ro'] },
  });
  const alone = (name: string, observed: Observed, more: Partial<UpOptions> = {}) =>
    plan(sharing, observed, { services: [name], dependencies: false, ...more });
  const kinds = { net: 'network namespace', ipc: 'IPC namespace', pid: 'PID namespace', files: 'volume' };
  for (const [name, what] of Object.entries(kinds)) {
    const missing = new RegExp(`${name} cannot share ${what} with service db: container missing`);
    assert.throws(() => alone(name, nothing(sharing)), missing);
    assert.throws(() => plan(sharing, nothing(sharing), { services: [name], scale: { db: 0 } }), missing);
    assert.is(alone(name, running(sharing)), '\n');
  }
  assert.is(alone('net', nothing(sharing), { scale: { net: 0 } }), '\n');
});

planning('recreates only the service whose image changed, and says so', () => {
  const desired = project({ db: { image: 'pg:16' }, web: { image: 'web:2' } });
  const before = project({ db: { image: 'pg:16' }, web: { image: 'web:1' } });
  const observed = { ...running(before), images: nothing(desired).images };
  assert.fixture(
    plan(desired, observed),
    `
1 container.create web100000000_shop-web-1                replaces shop-web-1: image web:1 -> web:2
2 container.stop   shop-web-1                             #1 takes its place  after 1
3 container.remove shop-web-1                             #1 takes its place  after 2
4 container.rename web100000000_shop-web-1 -> shop-web-1  its name is free  after 3
5 container.start  shop-web-1                             created  after 4
`,
  );
});

planning('names the parts of the config that changed', () => {
  const before = project({ web: { image: 'web:1', environment: { A: '1' } } });
  const desired = project({
    web: { image: 'web:1', environment: { A: '2' }, ports: [{ mode: 'ingress', target: 80, protocol: 'tcp' }] },
  });
  assert.match(plan(desired, running(before)), 'replaces shop-web-1: environment, ports changed');
});

planning('recreates when the same name has another content', () => {
  const desired = shop();
  const observed = { ...running(desired), images: { 'pg:16': 'id of pg:16', 'web:1': 'another id' } };
  assert.match(plan(desired, observed), 'replaces shop-web-1: image web:1 has new content');
});

planning('recreates when another volume lies under the same key', () => {
  const data = { type: 'volume', source: 'data', target: '/data' } as const;
  const desired = project(
    { web: { image: 'web:1', volumes: [data] } },
    { volumes: { data: { name: 'second', external: true } } },
  );
  const mounts = [{ type: 'volume', name: 'first', source: '/v/first', target: '/data' }];
  const observed = running(desired);
  const before = { ...observed, containers: observed.containers.map((one) => ({ ...one, mounts })) };
  assert.match(plan(desired, before), 'replaces shop-web-1: volume first -> second');
});

planning('keeps what is out of date with --no-recreate and makes all anew with --force-recreate', () => {
  const desired = project({ web: { image: 'web:2' } });
  const observed = { ...running(project({ web: { image: 'web:1' } })), images: { 'web:2': 'x' } };
  assert.is(plan(desired, observed, { recreate: 'never' }), '\n');
  assert.match(
    plan(shop(), running(shop()), { recreate: 'force' }),
    'replaces shop-db-1: asked for by --force-recreate',
  );
});

planning('starts what is stopped and nothing else', () => {
  const desired = shop();
  const observed = running(desired, {
    except: ['web'],
    more: [container(desired, 'web', { state: 'exited', exitCode: 1 })],
  });
  assert.fixture(plan(desired, observed), '\n1 container.start shop-web-1  it is exited\n');
});

planning('starts what is kept only when its network is there again', () => {
  const desired = shop();
  const observed = {
    ...running(desired, { except: ['web'], more: [container(desired, 'web', { state: 'created' })] }),
    networks: [],
  };
  assert.fixture(
    plan(desired, observed),
    `
1 network.create  shop_default  not there yet
2 container.start shop-web-1    not started yet  after 1
`,
  );
});

planning('waits for a healthy dependency once for all that need it', () => {
  const healthy = { db: { condition: 'service_healthy', required: true } } as const;
  const desired = project({
    db: { image: 'pg:16' },
    api: { image: 'api', depends_on: healthy },
    web: { image: 'web', depends_on: healthy },
  });
  assert.fixture(
    plan(desired, nothing(desired)),
    `
1 network.create   shop_default       not there yet
2 container.create shop-db-1          not there yet  after 1
3 container.start  shop-db-1          created  after 2
4 container.create shop-api-1         not there yet  after 1
5 container.wait   shop-db-1 healthy  others depend on it  after 3
6 container.start  shop-api-1         created  after 4, 5
7 container.create shop-web-1         not there yet  after 1
8 container.start  shop-web-1         created  after 5, 7
`,
  );
});

planning('does not wait for a dependency that is healthy already', () => {
  const desired = project({
    db: { image: 'pg:16' },
    web: { image: 'web', depends_on: { db: { condition: 'service_healthy', required: true } } },
  });
  const observed = running(desired, { except: ['db', 'web'], more: [container(desired, 'db', { health: 'healthy' })] });
  assert.fixture(
    plan(desired, observed),
    `
1 container.create shop-web-1  not there yet
2 container.start  shop-web-1  created  after 1
`,
  );
});

planning('gets an image that is missing once, and only its services come after it', () => {
  const desired = project({
    a: { image: 'same:1' },
    b: { image: 'same:1' },
    c: { build: { context: '/shop/c' } },
  });
  const observed = { ...running(desired, { except: ['a', 'b', 'c'] }), images: {} };
  assert.fixture(
    plan(desired, observed, { start: false }),
    `
1 image.build      shop-c    not built yet
2 image.pull       same:1    not here yet
3 container.create shop-a-1  not there yet  after 2
4 container.create shop-b-1  not there yet  after 2
5 container.create shop-c-1  not there yet  after 1
`,
  );
});

planning('scales up with the lowest free numbers and down from the highest', () => {
  const desired = project({ web: { image: 'web:1' } });
  const two = running(desired, {
    except: ['web'],
    more: [container(desired, 'web', { replica: 2 }), container(desired, 'web', { replica: 5 })],
  });
  assert.match(plan(desired, two, { scale: { web: 3 } }), /container.create shop-web-1 +3 wanted/);
  assert.fixture(
    plan(desired, two, { scale: { web: 1 } }),
    `
1 container.stop   shop-web-5  1 wanted
2 container.remove shop-web-5  1 wanted  after 1
`,
  );
});

planning('removes out-of-date replicas first when there are too many', () => {
  const desired = project({ web: { image: 'web:1' } });
  const stale = container(desired, 'web', { replica: 1, configHash: 'old', configParts: {} });
  const observed = running(desired, { except: ['web'], more: [stale, container(desired, 'web', { replica: 2 })] });
  assert.fixture(
    plan(desired, observed),
    `
1 container.stop   shop-web-1  1 wanted
2 container.remove shop-web-1  1 wanted  after 1
`,
  );
});

planning('brings a service that shares a namespace along when its host is made anew', () => {
  const before = project({ host: { image: 'h:1' }, side: { image: 's', network_mode: 'service:host' } });
  const desired = project({ host: { image: 'h:2' }, side: { image: 's', network_mode: 'service:host' } });
  const text = plan(desired, { ...running(before), images: nothing(desired).images });
  assert.match(text, 'replaces shop-side-1: host is made anew');
  assert.match(text, /6 container.create side10000000_shop-side-1 .* after 1\n/);
});

planning('restarts a dependent that asks for it', () => {
  const depends = { db: { condition: 'service_started', required: true, restart: true } } as const;
  const before = project({ db: { image: 'pg:15' }, web: { image: 'web', depends_on: depends } });
  const desired = project({ db: { image: 'pg:16' }, web: { image: 'web', depends_on: depends } });
  const text = plan(desired, { ...running(before), images: nothing(desired).images });
  assert.match(text, /container.restart shop-web-1 +db is made anew \(depends_on.restart\) +after 5/);
});

planning('replaces a network whose config changed, with the containers on it', () => {
  const desired = project(
    { web: { image: 'web:1' } },
    { networks: { default: { name: 'shop_default', internal: true } } },
  );
  assert.fixture(
    plan(desired, running(project({ web: { image: 'web:1' } }))),
    `
1 container.stop   shop-web-1    network default is made anew
2 container.remove shop-web-1    network default is made anew  after 1
3 network.remove   shop_default  its config changed  after 2
4 network.create   shop_default  replaces #3  after 3
5 container.create shop-web-1    replaces shop-web-1: network default is made anew  after 2, 4
6 container.start  shop-web-1    created  after 5
`,
  );
});

planning('names orphans and removes them only when asked to', () => {
  const before = project({ web: { image: 'web:1' }, old: { image: 'old' } });
  const desired = project({ web: { image: 'web:1' } });
  const quiet = planUp(desired, running(before), defaultUpOptions);
  assert.is(quiet.steps.length, 0);
  assert.match(quiet.warnings[0]!, 'Found orphan containers (shop-old-1)');
  assert.fixture(
    plan(desired, running(before), { removeOrphans: true }),
    `
1 container.stop   shop-old-1  the config has no service old
2 container.remove shop-old-1  the config has no service old  after 1
`,
  );
});

planning('counts a one-off container that has ended as an orphan, also of a service that is there', () => {
  const desired = project({ web: { image: 'web:1' } });
  const oneOff = { id: 'r'.repeat(64), name: 'shop-web-run-1', oneOff: true, replica: 2 };
  const observed = (state: 'running' | 'exited') => ({
    ...running(desired),
    containers: [...running(desired).containers, container(desired, 'web', { ...oneOff, state })],
  });
  assert.is(planUp(desired, observed('running'), defaultUpOptions).warnings.length, 0);
  assert.match(planUp(desired, observed('exited'), defaultUpOptions).warnings[0]!, '(shop-web-run-1)');
  assert.fixture(
    plan(desired, observed('exited'), { removeOrphans: true }),
    `
1 container.remove shop-web-run-1  it ran once, and has ended
`,
  );
});

planning('with --wait looks at every service, also at those that ran before', () => {
  const desired = shop();
  assert.fixture(
    plan(desired, running(desired), { wait: true }),
    `
1 container.wait shop-db-1 running   asked for by --wait
2 container.wait shop-web-1 running  asked for by --wait
`,
  );
});

planning('takes the named service with what it depends on, or alone with --no-deps', () => {
  const text = plan(shop(), nothing(shop()), { services: ['web'], start: false });
  assert.match(text, 'shop-db-1');
  assert.not.match(plan(shop(), nothing(shop()), { services: ['web'], dependencies: false }), 'shop-db-1');
});

planning('finishes a replacement that was killed half-way', () => {
  const desired = project({ web: { image: 'web:2' } });
  const old = container(project({ web: { image: 'web:1' } }), 'web');
  const fresh = container(desired, 'web', { id: 'f'.repeat(64), name: '0123456789ab_shop-web-1', state: 'created' });
  assert.fixture(
    plan(desired, { ...running(desired), containers: [old, fresh] }),
    `
1 container.stop   shop-web-1                             1 wanted
2 container.remove shop-web-1                             1 wanted  after 1
3 container.rename 0123456789ab_shop-web-1 -> shop-web-1  an earlier replacement was cut short  after 2
4 container.start  shop-web-1                             not started yet  after 3
`,
  );
});

planning('replaces a container that still has a temporary name under its own name', () => {
  const desired = project({ web: { image: 'web:2' } });
  const before = project({ web: { image: 'web:1' } });
  const cut = container(before, 'web', { id: 'f'.repeat(64), name: '0123456789ab_shop-web-1' });
  assert.fixture(
    plan(desired, { ...running(desired), containers: [cut] }),
    `
1 container.create ffffffffffff_shop-web-1                replaces 0123456789ab_shop-web-1: image web:1 -> web:2
2 container.stop   0123456789ab_shop-web-1                #1 takes its place  after 1
3 container.remove 0123456789ab_shop-web-1                #1 takes its place  after 2
4 container.rename ffffffffffff_shop-web-1 -> shop-web-1  its name is free  after 3
5 container.start  shop-web-1                             created  after 4
`,
  );
});

planning('refuses a circle, an unknown service, a scaled container_name and a missing external network', () => {
  const needs = (name: string) => ({ [name]: { condition: 'service_started', required: true } as const });
  const circle = project({ a: { depends_on: needs('b') }, b: { depends_on: needs('a') } });
  const code = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  assert.is(
    code(() => plan(circle, nothing(circle))),
    'dependency-cycle',
  );
  assert.is(
    code(() => plan(shop(), nothing(shop()), { services: ['wbe'] })),
    'unknown-service',
  );
  const named = project({ web: { image: 'w', container_name: 'w' } });
  assert.is(
    code(() => plan(named, nothing(named), { scale: { web: 2 } })),
    'cannot-scale',
  );
  const external = project({ web: { image: 'w' } }, { networks: { default: { name: 'lan', external: true } } });
  assert.is(
    code(() => plan(external, nothing(external))),
    'external-network-missing',
  );
});

const rolling = (image: string, update: object) =>
  project({ web: { image, deploy: { replicas: 2, update_config: update } } });

function rollOut(update: object): string {
  const desired = rolling('web:2', update);
  const before = rolling('web:1', update);
  const observed = running(before, { more: [container(before, 'web', { replica: 2 })] });
  return plan(desired, { ...observed, images: nothing(desired).images });
}

planning('replaces one after the other where update_config says so', () => {
  const text = rollOut({ parallelism: 1 });
  const [wait] = /(\d+) container\.wait +shop-web-1/.exec(text) ?? [];
  assert.ok(wait, text);
  const stop = text.split('\n').find((line) => /container\.stop +shop-web-2/.test(line))!;
  assert.match(stop, new RegExp(`after .*\\b${Number.parseInt(wait!, 10)}\\b`), text);
});

planning('of two with one number, which an update that was cut short leaves, one goes', () => {
  const desired = rolling('web:1', {});
  const left = container(desired, 'web', {
    id: 'new1'.padEnd(64, '0'),
    name: 'web100000000_shop-web-1',
    state: 'created',
  });
  const observed = running(desired, { more: [container(desired, 'web', { replica: 2 }), left] });
  const text = plan(desired, observed, { recreate: 'force' });
  assert.match(text, /container\.remove +web100000000_shop-web-1 +2 wanted/);
  assert.is([...text.matchAll(/container\.create/g)].length, 2, text);
  const [removed] = /\d+(?= container\.remove +web100000000_shop-web-1 +2 wanted)/.exec(text) ?? [];
  assert.match(text, new RegExp(`container\\.create +web100000000_shop-web-1 .*after .*\\b${removed}\\b`), text);
});

planning('starts the new one first where update_config.order says so, and no host port is in the way', () => {
  const lines = rollOut({ parallelism: 0, order: 'start-first' }).trim().split('\n');
  const at = (what: RegExp) => lines.findIndex((line) => what.test(line));
  assert.ok(at(/container\.start +\w+_shop-web-1/) >= 0, lines.join('\n'));
  assert.ok(at(/container\.start +\w+_shop-web-1/) < at(/container\.stop +shop-web-1/));
});

planning('tells of another folder whose containers it takes', () => {
  const desired = project({ web: { image: 'web:1' } });
  const from = (folder: string) => {
    const { containers, ...rest } = running(desired);
    const labels = { ...containers[0]!.labels, [composeLabel.workingDir]: folder };
    return { ...rest, containers: [{ ...containers[0]!, labels }] };
  };
  const warnings = (folder: string) => planUp(desired, from(folder), defaultUpOptions).warnings;
  assert.match(warnings('/other')[0]!, 'also runs from /other');
  assert.equal(warnings('/shop'), []);
});

planning('an update that may be taken back keeps what it replaces until all are well', () => {
  assert.fixture(
    rollOut({ failure_action: 'rollback', delay: '10s', monitor: '5s' }).replace(/ {2,}/g, '  '),
    `
 1 container.create web100000000_shop-web-1  replaces shop-web-1: image web:1 -> web:2
 2 container.stop  shop-web-1  #1 takes its place  after 1
 3 container.rename shop-web-1 -> web100000000_shop-web-1_before  #1 takes its place  after 2
 4 container.rename web100000000_shop-web-1 -> shop-web-1  its name is free  after 3
 5 container.start  shop-web-1  created  after 4
 6 container.wait  shop-web-1 running for 5 s  update_config: one after the other  after 5
 7 container.create web200000000_shop-web-2  replaces shop-web-2: image web:1 -> web:2
 8 update.delay  10 s before shop-web-2  update_config.delay  after 6
 9 container.stop  shop-web-2  #7 takes its place  after 7, 8
10 container.rename shop-web-2 -> web200000000_shop-web-2_before  #7 takes its place  after 9
11 container.rename web200000000_shop-web-2 -> shop-web-2  its name is free  after 10
12 container.start  shop-web-2  created  after 8, 11
13 container.wait  shop-web-2 running for 5 s  update_config: one after the other  after 12
14 container.remove web100000000_shop-web-1_before  the update of shop-web-1 is well  after 3, 6, 13
15 container.remove web200000000_shop-web-2_before  the update of shop-web-2 is well  after 6, 10, 13
`,
  );
});

const serving = (change: object = {}) =>
  project({
    web: {
      image: 'web:2',
      ports: [{ mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' }],
      healthcheck: { test: ['CMD', 'true'] },
      ...change,
    },
  });
const rebuilt = (change: object = {}, options: Partial<UpOptions> = { handsOver: true, startFirst: true }) => {
  const before = running(serving({ ...change, image: 'web:1' }));
  return plan(serving(change), { ...before, images: nothing(serving(change)).images }, options);
};

planning('a service with a healthcheck is rebuilt behind the one that serves', () => {
  assert.fixture(
    rebuilt(),
    `
1 container.create   web100000000_shop-web-1                replaces shop-web-1: image web:1 -> web:2
2 container.takeover web100000000_shop-web-1                the old one serves until it is ready  after 1
3 container.stop     shop-web-1                             #1 takes its place  after 1, 2
4 container.remove   shop-web-1                             #1 takes its place  after 3
5 container.rename   web100000000_shop-web-1 -> shop-web-1  its name is free  after 4
`,
  );
});

planning(
  'what two containers cannot share is stopped first, and so is everything where the engine cannot hand over',
  () => {
    const own = { type: 'volume', source: 'data', target: '/data' };
    const stopFirst = [
      rebuilt({ healthcheck: undefined }),
      rebuilt({ volumes: [{ ...own, source: undefined }] }),
      rebuilt({ network_mode: 'host' }),
      rebuilt({ deploy: { update_config: { order: 'stop-first' } } }),
      rebuilt({}, { startFirst: true }),
      rebuilt({}, { handsOver: true }),
    ];
    for (const steps of stopFirst) assert.not.match(steps, 'takeover');
    const asked = { deploy: { update_config: { order: 'start-first' } }, healthcheck: undefined };
    assert.match(rebuilt(asked, { handsOver: true }), 'container.takeover');
  },
);

planning.run();
