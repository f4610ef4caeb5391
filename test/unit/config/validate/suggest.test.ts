import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { editDistance, nearest } from '../../../../src/config/validate/suggest.js';

const suggest = suite('the nearest word');
const keys = ['image', 'ports', 'environment', 'env_file', 'networks', 'network_mode', 'restart'];

suggest('a change, a swap, a missing and a spare letter count one each', () => {
  assert.is(editDistance('ports', 'ports'), 0);
  assert.is(editDistance('prots', 'ports'), 1);
  assert.is(editDistance('port', 'ports'), 1);
  assert.is(editDistance('portts', 'ports'), 1);
  assert.is(editDistance('parts', 'ports'), 1);
});

suggest('finds what was meant', () => {
  assert.is(nearest('prots', keys), 'ports');
  assert.is(nearest('enviroment', keys), 'environment');
  assert.is(nearest('Image', keys), 'image');
  assert.is(nearest('envfile', keys), 'env_file');
  assert.is(nearest('env-file', keys), 'env_file');
});

suggest('stays silent when nothing is near, and about names of one or two letters', () => {
  assert.is(nearest('telephone', keys), undefined);
  assert.is(nearest('b', ['a', 'c']), undefined);
});

suggest.run();
