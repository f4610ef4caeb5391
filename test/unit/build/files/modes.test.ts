import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseModeChange } from '../../../../runtime/build/files/modes.js';

const modes = suite('chmod texts');

const cases: readonly (readonly [string, number, boolean, number])[] = [
  ['755', 0o600, false, 0o755],
  ['0644', 0o777, true, 0o644],
  ['4755', 0o644, false, 0o4755],
  ['+x', 0o644, false, 0o755],
  ['u+x', 0o644, false, 0o744],
  ['go-r', 0o644, false, 0o600],
  ['a=r', 0o755, false, 0o444],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o700, true, 0o755],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['g=u', 0o640, false, 0o660],
  ['u+s', 0o755, false, 0o4755],
  ['+t', 0o777, true, 0o1777],
  ['u-w+x', 0o644, false, 0o544],
];
for (const [text, before, folder, after] of cases) {
  modes(`${text} turns ${before.toString(8)} into ${after.toString(8)}`, () => {
    assert.is(parseModeChange(text)(before, folder).toString(8), after.toString(8));
  });
}

modes('anything else is refused', () => {
  for (const text of ['', '888', 'rwx', 'u~x', '17777'])
    assert.throws(() => parseModeChange(text), /invalid chmod parameter/);
});

modes.run();
