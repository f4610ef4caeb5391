import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonComplaint } from '../../../runtime/api/json-complaint.js';

const complaints = suite('what is wrong with JSON');

/** As Go 1.24's json.Unmarshal says it. */
const sentences: readonly (readonly [text: string, sentence: string])[] = [
  ['x', "invalid character 'x' looking for beginning of value"],
  ['{invalid', "invalid character 'i' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['nil', "invalid character 'i' in literal null (expecting 'u')"],
  ['{"a":01}', "invalid character '1' after object key:value pair"],
  ['[1.x]', "invalid character 'x' after decimal point in numeric literal"],
  ['[1ex]', "invalid character 'x' in exponent of numeric literal"],
  ['[-]', "invalid character ']' in numeric literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12G4"', "invalid character 'G' in \\u hexadecimal character escape"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ['['.repeat(100_000), 'exceeded max depth'],
];
for (const [text, sentence] of sentences)
  complaints(text.slice(0, 20), () => assert.equal(jsonComplaint(text), { kind: 'sentence', text: sentence }));

for (const text of ['', '{', '[1,', '"abc', 'nul', '{"a":', '[1e', '"\\u1'])
  complaints(`${text} ends too early`, () => assert.equal(jsonComplaint(text), { kind: 'ended' }));

for (const text of ['{} {}', '1 2', '[]]'])
  complaints(`${text} goes on`, () => assert.is(jsonComplaint(text).kind, 'trailing'));

complaints.run();
