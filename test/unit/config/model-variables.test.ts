import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { modelVariables } from '../../../src/config/model-variables.js';
import { readYaml } from '../../../src/config/read/yaml.js';
import { source } from './support.js';

const variables = suite('config --variables');

// Held against docker compose 2.40.
const cases: readonly [string, string][] = [
  ['a: $A', 'A||false'],
  ['a: ${A}', 'A||false'],
  ['a: ${A:-x}', 'A|x|false'],
  ['a: ${A-x}', 'A|x|false'],
  ['a: ${A:?need it}', 'A||true'],
  ['a: ${A:+y}', 'A||false'],
  ['a: "$$A"', ''],
  ['a: ${A:-${B:-z}}', 'A|${B:-z}|false B|z|false'],
  ['a: [$B, $A]', 'A||false B||false'],
];

for (const [yaml, expected] of cases) {
  variables(yaml, () => {
    const found = modelVariables(readYaml(source(yaml))[0]!);
    assert.is(found.map((one) => `${one.Name}|${one.DefaultValue}|${one.Required}`).join(' '), expected);
  });
}

variables('the value for a set variable', () => {
  assert.is(modelVariables(readYaml(source('a: ${A:+y}'))[0]!)[0]?.PresenceValue, 'y');
});

variables.run();
