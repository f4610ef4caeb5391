import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { variablesJson, variablesTable, variablesYaml } from '../../../../src/config/print/variables.js';

const printing = suite('config --variables');

const variables = [
  { Name: 'PORT', DefaultValue: '8080', PresenceValue: '', Required: false },
  { Name: 'TAG', DefaultValue: '', PresenceValue: 'a: b', Required: true },
];

printing('as YAML: texts that would read as something else in quotes', () => {
  assert.is(
    variablesYaml(variables),
    `PORT:
    name: PORT
    defaultvalue: "8080"
    presencevalue: ""
    required: false
TAG:
    name: TAG
    defaultvalue: ""
    presencevalue: 'a: b'
    required: true
`,
  );
});

printing('as JSON, by name', () => {
  assert.equal(JSON.parse(variablesJson(variables)).TAG, variables[1]);
});

printing('as a table whose columns are as wide as the longest text', () => {
  const rows = variablesTable([{ Name: 'N'.repeat(30), DefaultValue: 'd', PresenceValue: 'p', Required: false }]);
  assert.is(rows.split('\n')[1], `${'N'.repeat(30)}   false               d                   p`);
});

printing.run();
