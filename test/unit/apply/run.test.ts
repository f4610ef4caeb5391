import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApplyContext } from '../../../src/apply/context.js';
import { Readiness } from '../../../src/apply/readiness.js';
import { applyPlan } from '../../../src/apply/run.js';
import type { Event } from '../../../src/model/event.js';
import type { Plan, Step } from '../../../src/model/plan.js';
import { type Asked, type FakeEngine, fakeEngine, json } from '../../support/fake-engine.js';
import { project, running } from '../../support/projects.js';

const apply = suite('apply run');

const step = (id: number, op: Step['op'], after: number[] = []): Step => ({ id, op, because: 'test', after });
const plan = (...steps: Step[]): Plan => ({ steps, questions: [], warnings: [] });
const start = (name: string) => ({ do: 'container.start', name }) as const;

async function run(engine: FakeEngine, wanted: Plan, limit = 16) {
  const of = project({
    web: { image: 'web:1', ports: [{ mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' }] },
    db: {},
  });
  const observed = running(of);
  const events: Event[] = [];
  const abort = new AbortController();
  const readiness = new Readiness(engine.client, of.name);
  const context: ApplyContext = {
    engine: engine.client,
    project: of,
    locate: (path) => (path === 'services.web.ports.0' ? { file: '/shop/devenv.yml', line: 4, column: 7 } : undefined),
    emit: (event) => events.push(event),
    signal: abort.signal,
    ids: new Map(observed.containers.map((one) => [one.name, one.id])),
    hostPorts: {},
    images: new Map(),
    containers: observed.containers,
    readiness,
    build: { noCache: false, pull: false, args: {}, quiet: false },
    version: '1',
    env: {},
    secrets: new Map(),
    privateFolder: undefined,
  };
  let error: (Error & { code?: string; location?: unknown }) | undefined;
  try {
    await applyPlan(wanted, context, abort, limit);
  } catch (thrown) {
    error = thrown as Error;
  }
  readiness.close();
  return { events, error, kinds: events.map((event) => `${event.kind} ${'step' in event ? event.step.id : ''}`) };
}

apply('does what does not depend at once, and the rest after it', async () => {
  let atOnce = 0;
  let most = 0;
  const order: string[] = [];
  const engine = await fakeEngine(({ path }, response) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    setTimeout(() => {
      atOnce -= 1;
      order.push(path.split('/')[2]!);
      response.writeHead(204).end();
    }, 20);
  });
  await run(engine, plan(step(1, start('a')), step(2, start('b')), step(3, start('c'), [1, 2])));
  assert.is(most, 2);
  assert.is(order.at(-1), 'c');
  most = 0;
  await run(engine, plan(step(1, start('a')), step(2, start('b')), step(3, start('c'))), 1);
  assert.is(most, 1);
  await engine.close();
});

apply('stops at a failure, rolls nothing back and says what was left out', async () => {
  const engine = await fakeEngine(({ path }, response) => {
    if (path.includes('bad')) json(response, { message: 'no' }, 500);
    else response.writeHead(204).end();
  });
  const { error, kinds } = await run(
    engine,
    plan(step(1, start('good')), step(2, start('bad'), [1]), step(3, start('later'), [2])),
  );
  assert.match(error!.message, 'no');
  assert.ok(kinds.includes('plan.step.failed 2'));
  assert.ok(kinds.includes('plan.step.skipped 3'));
  assert.not(engine.asked.some((asked) => asked.method === 'DELETE'));
  await engine.close();
});

apply('points at the port of the config that is busy', async () => {
  const message =
    'failed to bind host port for 127.0.0.1:8080/tcp: address already in use (nginx (pid 12) is listening on it)';
  const engine = await fakeEngine((_, response) => json(response, { message }, 500));
  const { error } = await run(engine, plan(step(1, start('shop-web-1'))));
  assert.is(error!.code, 'port-busy');
  assert.equal(error!.location, { file: '/shop/devenv.yml', line: 4, column: 7 });
  assert.match(error!.message, 'nginx (pid 12)');
  await engine.close();
});

apply('takes what is gone already as removed', async () => {
  const engine = await fakeEngine((_, response) => json(response, { message: 'No such container' }, 404));
  const { error } = await run(engine, plan(step(1, { do: 'container.remove', name: 'x', volumes: false })));
  assert.is(error, undefined);
  await engine.close();
});

const inspect = (State: object) => ({ Id: 'web1', Name: '/x', State, Config: { Tty: false }, NetworkSettings: {} });

/** Answers inspects with the states in turn, and sends an event when a state is over. */
function states(sequence: readonly object[]) {
  let at = 0;
  return ({ path }: Asked, response: import('node:http').ServerResponse) => {
    if (path === '/events') {
      response.writeHead(200);
      response.flushHeaders();
      const id = `web1${'0'.repeat(60)}`;
      const timer = setInterval(
        () => response.write(`${JSON.stringify({ Type: 'container', Action: 'x', Actor: { ID: id } })}\n`),
        20,
      );
      response.on('close', () => clearInterval(timer));
    } else if (path.endsWith('/json')) {
      json(response, inspect(sequence[Math.min(at, sequence.length - 1)]!));
      at += 1;
    } else if (path.endsWith('/logs')) response.end();
    else response.writeHead(204).end();
  };
}

const wait = (until: 'running' | 'healthy' | 'completed', required = true) =>
  plan(step(1, { do: 'container.wait', name: 'shop-web-1', service: 'web', until, required }));

apply('waits by events until a container is healthy', async () => {
  const starting = { Status: 'running', Running: true, Health: { Status: 'starting' } };
  const engine = await fakeEngine(states([starting, starting, { ...starting, Health: { Status: 'healthy' } }]));
  const began = performance.now();
  const { error } = await run(engine, wait('healthy'));
  assert.is(error, undefined);
  assert.ok(performance.now() - began < 900, 'it looked only once a second');
  await engine.close();
});

apply('shows the last probe of one that is unhealthy', async () => {
  const Log = [{ ExitCode: 1, Output: 'connection refused\n' }];
  const engine = await fakeEngine(states([{ Status: 'running', Running: true, Health: { Status: 'unhealthy', Log } }]));
  const { error } = await run(engine, wait('healthy'));
  assert.match(error!.message, /dependency failed to start: container shop-web-1 is unhealthy/);
  assert.match(error!.message, 'connection refused');
  await engine.close();
});

apply('counts a one-shot that ended well as running, and not one that failed', async () => {
  const good = await fakeEngine(states([{ Status: 'exited', Running: false, ExitCode: 0 }]));
  assert.is((await run(good, wait('running'))).error, undefined);
  await good.close();
  const bad = await fakeEngine(states([{ Status: 'exited', Running: false, ExitCode: 2 }]));
  assert.match((await run(bad, wait('completed'))).error!.message, "didn't complete successfully: exit 2");
  await bad.close();
});

apply('only warns of an optional dependency', async () => {
  const engine = await fakeEngine(states([{ Status: 'exited', Running: false, ExitCode: 2 }]));
  const { error, events } = await run(engine, wait('healthy', false));
  assert.is(error, undefined);
  const said = events.flatMap((event) => (event.kind === 'warning' ? [event.text] : []));
  assert.match(said.join(), /^optional dependency "\w+" failed to start: /);
  await engine.close();
});

apply.run();
