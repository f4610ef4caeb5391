import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { floatText, resolvePlain } from '../../../../src/config/read/scalar.js';

const scalars = suite('plain scalars, as Go reads them');

const means: readonly (readonly [string, unknown])[] = [
  ['', null],
  ['~', null],
  ['Null', null],
  ['true', true],
  ['yes', 'yes'],
  ['on', 'on'],
  ['42', 42],
  ['+1', 1],
  ['0755', 493],
  ['0o17', 15],
  ['0x1F', 31],
  ['0b101', 5],
  ['-0755', -493],
  ['1_000', 1000],
  // No octal, so Go tries a float.
  ['08', 8],
  ['1.', 1],
  ['.5', 0.5],
  ['1e3', 1000],
  ['1e400', '1e400'],
  ['.inf', Infinity],
  ['12345678901234567890', 12345678901234567890n],
  ['123456789012345678901234567890', 1.2345678901234568e29],
  ['12:30', '12:30'],
  ['1.2.3', '1.2.3'],
  ['0x', '0x'],
  ['_1', '_1'],
];

for (const [text, value] of means) {
  scalars(`${JSON.stringify(text)} is ${String(value)}`, () => {
    assert.is(resolvePlain(text), value);
  });
}

scalars('dates are neither texts nor numbers', () => {
  assert.instance(resolvePlain('2001-01-01'), Date);
  assert.instance(resolvePlain('2001-1-1T10:00:00Z'), Date);
  assert.is(resolvePlain('2001-02-30'), '2001-02-30');
});

scalars('a float prints as Go prints it', () => {
  assert.is(floatText('1e-7', 1e-7), '1e-07');
  assert.is(floatText('123456789.123', 123456789.123), '1.23456789123e+08');
  assert.is(floatText('1.5', 1.5), undefined);
  assert.is(floatText('1_000_000', 1000000), undefined);
});

scalars.run();
