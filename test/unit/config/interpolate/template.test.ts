import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { substitute, TemplateError } from '../../../../src/config/interpolate/template.js';

const templates = suite('interpolation');
const values: Record<string, string> = { SET: 'v', EMPTY: '', _x1: 'under', DOLLAR: 'a$b' };
const lookup = (name: string) => values[name];
const fill = (text: string) => substitute(text, { lookup });

const cases: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['$SET', 'v'],
  ['$SET-x', 'v-x'],
  ['$SETx', ''],
  ['${SET}', 'v'],
  ['$_x1', 'under'],
  ['$$SET', '$SET'],
  ['$$$SET', '$v'],
  ['$${SET}', '${SET}'],
  ['5$ $1 $', '5$ $1 $'],
  ['${UNSET:-d}${UNSET-d}', 'dd'],
  ['${EMPTY:-d}|${EMPTY-d}', 'd|'],
  ['${SET:+r}|${UNSET:+r}|${EMPTY:+r}|${EMPTY+r}', 'r|||r'],
  ['${UNSET:-${SET}-${UNSET:-deep}}', 'v-deep'],
  ['${UNSET:-a:b-c?d}', 'a:b-c?d'],
  ['${UNSET:-{x}}', '{x}'],
  ['${UNSET:--1}', '-1'],
  ['${UNSET:-$$x}', '$x'],
  ['${UNSET:-two\nlines}', 'two\nlines'],
  ['${DOLLAR}', 'a$b'],
  ['${SET:?why}', 'v'],
  ['${EMPTY?why}', ''],
];

for (const [text, value] of cases)
  templates(`${JSON.stringify(text)} gives ${JSON.stringify(value)}`, () => assert.is(fill(text), value));

for (const text of [
  '${',
  '${SET',
  '${}',
  '${1X}',
  '${SET:}',
  '${SET bar}',
  '${SET:=x}',
  '${#SET}',
  '${SET/a/b}',
  '${ SET }',
  '${A:-${B}',
]) {
  templates(`${text} cannot be read`, () => {
    assert.throws(
      () => fill(text),
      (error: unknown) => error instanceof TemplateError && error.reason === 'invalid',
    );
  });
}

templates('a required variable is named with its state and the message, which is filled in too', () => {
  const said = (text: string): string => {
    try {
      return fill(text);
    } catch (error) {
      return `${(error as TemplateError).variable}: ${(error as Error).message}`;
    }
  };
  assert.is(said('${EMPTY:?set $SET}'), 'EMPTY: the variable EMPTY, which is empty: set v');
  assert.is(said('${UNSET?}'), 'UNSET: the variable UNSET, which is not set');
});

templates('what is missing is told once for each use, what has a default is not', () => {
  const missing: string[] = [];
  substitute('$A ${B} ${C:-x} ${A}', { lookup, missing: (name) => missing.push(name) });
  assert.equal(missing, ['A', 'B', 'A']);
});

templates.run();
