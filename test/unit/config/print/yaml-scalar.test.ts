import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { naturalOrder } from '../../../../src/config/print/natural-order.js';
import { numberYaml, textYaml } from '../../../../src/config/print/yaml-scalar.js';

const printing = suite('YAML as Go writes it');

const texts: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['', '""'],
  ['80', '"80"'],
  ['1_000', '"1_000"'],
  ['yes', '"yes"'],
  ['null', '"null"'],
  ['1:30', '"1:30"'],
  ['2001-01-01', '"2001-01-01"'],
  ['a: b', "'a: b'"],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  ['- a', "'- a'"],
  ['-a', '-a'],
  ['*a', "'*a'"],
  ["it's", "it's"],
  ["'a'", "'''a'''"],
  [' a', "' a'"],
  ['a\tb', '"a\\tb"'],
  ['\x07', '"\\a"'],
  ['é', 'é'],
  ['😀', '"\\U0001F600"'],
  ['a\nb', '|-\n  a\n  b'],
  ['a\nb\n', '|\n  a\n  b'],
  ['a\n\n', '|+\n  a\n'],
  [' a\nb', '|2-\n   a\n  b'],
  ['a \nb', '"a \\nb"'],
];

for (const [text, printed] of texts) {
  printing(`${JSON.stringify(text)} is written ${JSON.stringify(printed)}`, () =>
    assert.is(textYaml(text, '  '), printed),
  );
}

printing('numbers', () => {
  assert.is(numberYaml(1), '1');
  assert.is(numberYaml(1.5), '1.5');
  assert.is(numberYaml(1e21), '1e+21');
  assert.is(numberYaml(12345678.9), '1.23456789e+07');
  assert.is(numberYaml(Infinity), '.inf');
});

printing('keys are in natural order', () => {
  const keys = ['k10', 'k9', 'ab', 'a_b', 'Z', 'a', '_a', 'a1b', 'a1_'];
  assert.equal(keys.sort(naturalOrder), ['_a', 'Z', 'a', 'a_b', 'a1b', 'a1_', 'ab', 'k9', 'k10']);
});

printing.run();
