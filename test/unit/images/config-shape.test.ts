import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConfig } from '../../../runtime/images/manifest.js';

const shape = suite('the shape of image configurations');

const whole = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
const parsed = (more: object) => parseConfig(Buffer.from(JSON.stringify({ ...whole, ...more })));

shape('what is null or missing is fine', () => {
  const config = { Env: null, Cmd: null, Labels: null, Volumes: null, Healthcheck: null, OnBuild: null, User: null };
  assert.equal(parsed({ config }).config, config as never);
  assert.ok(parsed({ config: null, history: null }));
  assert.ok(
    parsed({ config: { Env: ['A=b'], ExposedPorts: { '80/tcp': {} }, Healthcheck: { Test: ['NONE'], Retries: 1 } } }),
  );
});

shape('other types than those that readers count on are refused by name', () => {
  const wrong: readonly (readonly [more: object, field: string])[] = [
    [{ config: [1] }, 'config'],
    [{ config: { Env: 7 } }, 'config.Env'],
    [{ config: { Env: [null] } }, 'config.Env'],
    [{ config: { Cmd: 'x' } }, 'config.Cmd'],
    [{ config: { Labels: { a: 1 } } }, 'config.Labels'],
    [{ config: { ExposedPorts: 'x' } }, 'config.ExposedPorts'],
    [{ config: { Healthcheck: { Test: [7] } } }, 'config.Healthcheck'],
    [{ history: [null] }, 'history'],
    [{ created: 5 }, 'created'],
  ];
  for (const [more, field] of wrong)
    assert.throws(() => parsed(more), new RegExp(`invalid image configuration: ${field} is not of the type`), field);
});

shape.run();
