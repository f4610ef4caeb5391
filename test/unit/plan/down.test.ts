import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { composeLabel } from '../../../src/model/labels.js';
import { type DownOptions, planDown } from '../../../src/plan/down.js';
import { planRestart, planStart, planStop } from '../../../src/plan/lifecycle.js';
import { renderPlan } from '../../../src/plan/render.js';
import { container, project, running } from '../../support/projects.js';

const planning = suite('plan down, stop, start, restart');

const defaults: DownOptions = {
  services: [],
  volumes: false,
  images: undefined,
  removeOrphans: false,
  graceMs: undefined,
};

const shop = () =>
  project(
    {
      db: { image: 'pg:16' },
      web: { depends_on: { db: { condition: 'service_healthy', required: true } } },
    },
    { volumes: { data: { name: 'shop_data' } } },
  );

planning('stops dependents first, then removes containers and networks, and keeps volumes', () => {
  assert.fixture(
    `\n${renderPlan(planDown(shop(), running(shop()), defaults))}`,
    `
1 container.stop   shop-web-1    it is running
2 container.remove shop-web-1    the project goes down  after 1
3 container.stop   shop-db-1     it is running  after 1
4 container.remove shop-db-1     the project goes down  after 3
5 network.remove   shop_default  the project goes down  after 2, 4
`,
  );
});

planning('takes volumes and its own images along when asked to', () => {
  const text = renderPlan(planDown(shop(), running(shop()), { ...defaults, volumes: true, images: 'local' }));
  assert.match(text, /volume.remove +shop_data +asked for by --volumes/);
  assert.match(text, /image.remove +shop-web /);
  assert.not.match(text, 'image.remove     pg:16');
});

planning('knows a project by its labels alone', () => {
  const of = shop();
  const labels = { [composeLabel.dependsOn]: 'db:service_healthy:false' };
  const observed = running(of, { except: ['web'], more: [container(of, 'web', { labels })] });
  const steps = planDown(undefined, observed, defaults).steps.map(({ op }) =>
    'name' in op ? `${op.do} ${op.name}` : op.do,
  );
  assert.is(steps[0], 'container.stop shop-web-1');
  assert.is(steps.at(-1), 'network.remove shop_default');
});

planning('leaves orphans unless asked, and says so', () => {
  const before = project({ web: {}, old: {} });
  const now = project({ web: {} });
  assert.is(planDown(now, running(before), defaults).warnings.length, 1);
  assert.not.match(renderPlan(planDown(now, running(before), defaults)), 'shop-old-1');
  assert.match(renderPlan(planDown(now, running(before), { ...defaults, removeOrphans: true })), 'shop-old-1');
});

planning('leaves what run made unless orphans go, and what profiles that are off have running', () => {
  const now = { ...project({ web: {} }), disabledServices: ['debug'] };
  const more = [
    container(now, 'web', { id: 'run', name: 'shop-web-run-1', oneOff: true }),
    container(project({ debug: {} }), 'debug'),
  ];
  const observed = running(now, { more });
  const plain = planDown(now, observed, defaults);
  assert.not.match(renderPlan(plain), /shop-web-run-1|shop-debug-1/);
  assert.is(plain.warnings.length, 2);
  const all = planDown(now, observed, { ...defaults, removeOrphans: true });
  assert.match(renderPlan(all), 'container.remove shop-web-run-1');
  assert.not.match(renderPlan(all), 'shop-debug-1');
  assert.is(all.warnings.length, 1);
});

planning('leaves external networks and volumes', () => {
  const of = project(
    { web: {} },
    { networks: { default: { name: 'lan', external: true } }, volumes: { v: { name: 'v', external: true } } },
  );
  const text = renderPlan(planDown(of, running(of), { ...defaults, volumes: true }));
  assert.not.match(text, 'network.remove');
  assert.not.match(text, 'volume.remove');
});

planning('does nothing where nothing is', () => {
  assert.is(planDown(shop(), { containers: [], networks: [], volumes: [], images: {} }, defaults).steps.length, 0);
});

planning('stop tells what has ended as stopped, start waits for health', () => {
  const of = shop();
  const stopped = [container(of, 'db', { state: 'exited' }), container(of, 'web', { state: 'exited' })];
  assert.is(planStop(of, stopped, undefined).steps.length, 2);
  assert.fixture(
    `\n${renderPlan(planStart(of, stopped, false))}`,
    `
1 container.start shop-db-1          it is exited
2 container.wait  shop-db-1 healthy  web depends on it  after 1
3 container.start shop-web-1         it is exited  after 2
`,
  );
});

planning('restart goes through dependencies first, and waits until they are healthy again', () => {
  const of = shop();
  const steps = planRestart(of, running(of).containers, 3000).steps;
  assert.equal(
    steps.map(({ after }) => after),
    [[], [1], [2]],
  );
});

planning.run();
