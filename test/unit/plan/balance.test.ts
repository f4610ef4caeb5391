import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Observed } from '../../../src/model/observed.js';
import type { Project } from '../../../src/model/project.js';
import { balanced, isBalanced } from '../../../src/plan/balance.js';
import { defaultUpOptions } from '../../../src/plan/options.js';
import { renderPlan } from '../../../src/plan/render.js';
import { planUp } from '../../../src/plan/up.js';
import { container, nothing, project, running } from '../../support/projects.js';

const balancing = suite('plan balance');

const fixed = [{ target: 80, published: '8080', protocol: 'tcp', mode: 'ingress' }];
const shop = (replicas: number, ports = fixed) => project({ web: { image: 'web:1', ports, deploy: { replicas } } });
const label = (of: Project) => of.services.web!.labels?.['dev.devenv.balance'];
const plan = (desired: Project, observed: Observed) =>
  `\n${renderPlan(planUp(desired, observed, { ...defaultUpOptions }))}`;

balancing('several containers at a fixed host port carry one word, others none', () => {
  const of = (replicas: number, published: string) => {
    const one = shop(replicas, [{ ...fixed[0]!, published }]);
    return label(balanced(one, nothing(one), {}));
  };
  assert.is(of(2, '8080'), 'shop/web');
  assert.is(of(1, '8080'), undefined);
  assert.is(of(2, ''), undefined, 'an open port is given to each');
  assert.is(of(2, '8080-8090'), undefined, 'of a range each takes one');
});

balancing('--scale counts too', () => {
  const one = shop(1);
  assert.is(label(balanced(one, nothing(one), { web: 2 })), 'shop/web');
});

balancing('going back to one makes nothing anew', () => {
  const two = balanced(shop(2), nothing(shop(2)), {});
  const labels = { 'dev.devenv.balance': 'shop/web' };
  const observed = running(two);
  const containers = [container(two, 'web', { labels }), container(two, 'web', { labels, replica: 2 })];
  const one = balanced(shop(1), { ...observed, containers }, {});
  assert.is(
    plan(one, { ...observed, containers }),
    `
1 container.stop   shop-web-2  1 wanted
2 container.remove shop-web-2  1 wanted  after 1
`,
  );
});

balancing('who listens alone goes before others join', () => {
  const observed = running(shop(1));
  const two = balanced(shop(2), observed, {});
  assert.ok(isBalanced(two, 'web'));
  assert.is(
    plan(two, observed),
    `
1 container.stop   shop-web-1  labels changed
2 container.remove shop-web-1  labels changed  after 1
3 container.create shop-web-1  replaces shop-web-1: labels changed  after 2
4 container.start  shop-web-1  created  after 3
5 container.create shop-web-2  2 wanted  after 2
6 container.start  shop-web-2  created  after 5
`,
  );
});

balancing.run();
