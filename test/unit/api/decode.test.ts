import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bool, int, map, nullable, object, string, stringOrStrings, strings } from '../../../runtime/api/decode.js';
import { EngineError } from '../../../runtime/errors.js';

const decoding = suite('decode');

const body = object({
  Name: string,
  Count: int,
  On: bool,
  Cmd: stringOrStrings,
  Env: strings,
  Deep: object({ Key: string }),
});

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instance(error, EngineError);
    assert.is((error as EngineError).kind, 'invalid');
    return (error as EngineError).message;
  }
  throw new Error('nothing was refused');
}

decoding('reads what fits and leaves out what nobody knows', () => {
  assert.equal(body({ Name: 'a', Count: 2, Other: [1] }, 'Body'), { Name: 'a', Count: 2 });
});

decoding('takes keys in any case; the exact one wins', () => {
  assert.equal(body({ name: 'a', deep: { KEY: 'b' } }, 'Body'), { Name: 'a', Deep: { Key: 'b' } });
  assert.equal(body({ name: 'low', Name: 'exact' }, 'Body'), { Name: 'exact' });
  assert.equal(body({ Name: 'exact', NAME: 'high' }, 'Body'), { Name: 'exact' });
});

decoding('takes null for absence', () => {
  assert.equal(body({ Name: null, Env: null }, 'Body'), {});
});

decoding('does not confuse fields with what every object has', () => {
  assert.equal(body({ toString: 1, constructor: 2, __proto__: 3 }, 'Body'), {});
});

decoding('takes one string for a list where Docker does', () => {
  assert.equal(body({ Cmd: 'sh' }, 'Body'), { Cmd: ['sh'] });
  assert.match(
    refusal(() => body({ Env: 'A=b' }, 'Body')),
    /cannot unmarshal string into Go struct field Body\.Env of type \[\]string/,
  );
});

decoding('names the field and the types of what does not fit', () => {
  assert.is(
    refusal(() => body({ Deep: { Key: 1 } }, 'Body')),
    'invalid JSON: json: cannot unmarshal number into Go struct field Body.Deep.Key of type string',
  );
  assert.match(
    refusal(() => body({ Count: 1.5 }, 'Body')),
    /number 1\.5 .* Body\.Count of type int64/,
  );
  assert.match(
    refusal(() => body([], 'Body')),
    /cannot unmarshal array/,
  );
});

decoding('reads maps, with null where it is allowed', () => {
  assert.equal(map(nullable(string))({ a: 'x', b: null }, 'args'), { a: 'x', b: null });
  assert.match(
    refusal(() => map(string)({ b: null }, 'args')),
    /object|cannot unmarshal/,
  );
});

decoding.run();
