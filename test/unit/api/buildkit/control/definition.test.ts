import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { definedResult, resultDefinition } from '../../../../../runtime/api/buildkit/control/definition.js';
import { openCodec } from '../../../../../runtime/api/buildkit/proto/codec.js';

const definition = suite('definitions of results');
const codec = openCodec();

definition('a result comes back from what a client carried', () => {
  const bytes = codec.encode('Definition', resultDefinition(codec, 'an-id'));
  assert.is(definedResult(codec, codec.decode('Definition', bytes)), 'an-id');
});

definition('the last operation names the one before by its digest, as clients check', () => {
  const { def } = resultDefinition(codec, 'x');
  const digest = `sha256:${createHash('sha256').update(def[0]!).digest('hex')}`;
  assert.equal(codec.decode('Op', def[1]!).inputs, [{ digest, index: 0 }]);
});

definition('any other definition is no result', () => {
  const op = codec.encode('Op', { source: { identifier: 'docker-image://alpine', attrs: {} } });
  assert.is(definedResult(codec, { def: [op] }), undefined);
});

definition.run();
