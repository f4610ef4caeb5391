import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Draft } from '../../../src/plan/draft.js';
import { planImages } from '../../../src/plan/images.js';
import { defaultUpOptions } from '../../../src/plan/options.js';
import { renderPlan } from '../../../src/plan/render.js';
import { nothing, project } from '../../support/projects.js';

const images = suite('plan images');

const build = { context: '/shop' };
function plan(environmentName: string, build: 'missing' | 'always' | 'never', service: object): string {
  const shop = project({ web: service }, { environmentName });
  const draft = new Draft();
  planImages(draft, shop, { ...nothing(shop), images: {} }, Object.values(shop.services), {
    ...defaultUpOptions,
    build,
  });
  return renderPlan(draft.finish()).trim();
}

images('production pulls what has a name, development builds it', () => {
  assert.is(plan('prod', 'missing', { image: 'web:1', build }), '1 image.pull web:1  not here yet');
  assert.is(plan('dev', 'missing', { image: 'web:1', build }), '1 image.build web:1  not built yet');
});

images('production builds with --build, and what has no other way', () => {
  assert.is(plan('prod', 'always', { image: 'web:1', build }), '1 image.build web:1  asked for by --build');
  assert.is(plan('prod', 'missing', { build }), '1 image.build shop-web  not built yet');
  const policy = { image: 'web:1', build, pull_policy: 'build' };
  assert.is(plan('prod', 'missing', policy), '1 image.build web:1  pull_policy: build');
});

images('--no-build leaves a pull', () => {
  assert.is(plan('prod', 'never', { image: 'web:1', build }), '1 image.pull web:1  not here yet');
  assert.is(plan('dev', 'never', { image: 'web:1', build }), '');
});

images('what a build stands on is built before it, even where nobody asked for it', () => {
  const shop = project({
    app: { build },
    base: { image: 'base', build },
    tools: { build },
    worker: { build: { ...build, additional_contexts: { tools: 'service:tools' } } },
  });
  const draft = new Draft();
  const asked = [shop.services.app!, shop.services.worker!];
  planImages(draft, shop, { ...nothing(shop), images: {} }, asked, {
    ...defaultUpOptions,
    builtOn: { app: ['base'] },
  });
  const steps = draft.finish().steps.map(({ op, after }) => [op.do === 'image.build' ? op.image : op.do, after]);
  assert.equal(steps, [
    ['base', []],
    ['shop-app', [1]],
    ['shop-tools', []],
    ['shop-worker', [3]],
  ]);
});

images.run();
