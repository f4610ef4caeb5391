import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { givenVariables } from '../../../src/flows/given-variables.js';

const given = suite('variables of a command line');

given('a key alone takes what the config knows, an empty value stays empty, a later one wins', () => {
  const { values, unknown } = givenVariables(['A', 'B=', 'C=x=y', 'C=z', 'NONE'], { A: 'known', B: 'other' });
  assert.equal(values, { A: 'known', B: '', C: 'z' });
  assert.equal(unknown, ['NONE']);
});

given.run();
