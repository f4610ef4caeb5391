import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refuseContradictions } from '../../../src/flows/up-contradictions.js';

const flags = suite('flags of up that exclude each other');

const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
  [{ detach: true, attach: ['web'] }, /^--detach cannot be combined with .*--attach/],
  [{ detach: true, 'attach-dependencies': true }, /^--detach cannot/],
  [{ wait: true, 'abort-on-container-exit': true }, /^--wait cannot/],
  [{ wait: true, 'exit-code-from': 'web' }, /^--wait cannot/],
  [{ 'abort-on-container-exit': true, 'abort-on-container-failure': true }, /--abort-on-container-failure cannot/],
  [{ attach: ['web'], 'attach-dependencies': true }, /cannot combine --attach and/],
  [{ 'no-recreate': true, 'renew-anon-volumes': true }, /--no-recreate and --renew-anon-volumes are incompatible/],
  [{ 'no-recreate': true, 'always-recreate-deps': true }, /--always-recreate-deps and --no-recreate are incompatible/],
];

for (const [wish, sentence] of refused)
  flags(`refuses ${Object.keys(wish).join(' with ')}`, () => {
    assert.throws(() => refuseContradictions({ services: [], ...wish }), sentence);
  });

flags('takes what goes together', () => {
  for (const wish of [
    {},
    { detach: true, wait: true, 'no-attach': ['web'] },
    { 'exit-code-from': 'web', 'abort-on-container-failure': true },
    { detach: true, watch: true },
    { 'no-recreate': true, detach: true },
  ])
    refuseContradictions({ services: [], ...wish });
});

flags.run();
