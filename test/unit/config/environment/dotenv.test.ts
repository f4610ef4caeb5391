import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDotenv } from '../../../../src/config/environment/dotenv.js';
import { parseRaw } from '../../../../src/config/environment/raw.js';
import { mistakes, source } from '../support.js';

const dotenv = suite('.env files');
const shell: Record<string, string> = { FOO: 'foo', EMPTY: '' };
const parse = (text: string): Record<string, string> =>
  Object.fromEntries(parseDotenv(source(text, '/p/.env'), { lookup: (name) => shell[name] }));
const valueIn = (line: string): string | undefined => parse(`${line}\n`).K;

const lines: readonly (readonly [string, string])[] = [
  ['K=v', 'v'],
  ['K = v', 'v'],
  ['K: v', 'v'],
  ['export K=v', 'v'],
  ['K=v # c', 'v'],
  ['K=v#c', 'v#c'],
  ['K= #v', '#v'],
  ['K=', ''],
  ['K==v', '=v'],
  ['K=a b c  ', 'a b c'],
  ["K='v # c'", 'v # c'],
  ["K='a\\nb $FOO'", 'a\\nb $FOO'],
  ["K='it\\'s'", "it's"],
  ['K="a\\nb"', 'a\nb'],
  ['K="$FOO ${FOO}"', 'foo foo'],
  ['K="\\$FOO"', '$FOO'],
  ['K="\\\\x \\x41"', '\\x \\x41'],
  ['K="q"x', 'q'],
  ['K="v" # c', 'v'],
  ['K=\\$FOO', '\\foo'],
  ['K=$$FOO', '$FOO'],
  ['K=a\\nb', 'a\\nb'],
  ['K=${EMPTY:-d}', 'd'],
  ['K="a\nb"', 'a\nb'],
  ['\uFEFFK=bom', 'bom'],
  ['K=C:\\dir', 'C:\\dir'],
  ['K=1\r', '1'],
];

for (const [line, value] of lines)
  dotenv(`${JSON.stringify(line)} gives ${JSON.stringify(value)}`, () => assert.is(valueIn(line), value));

dotenv('a key alone takes the value of the surroundings, or is not there', () => {
  assert.equal(parse('FOO\nNOPE\n'), { FOO: 'foo' });
});

dotenv('a value may refer to the lines above it, but the surroundings come first', () => {
  assert.equal(parse('A=1\nB=$A\nFOO=mine\nC=$FOO\n'), { A: '1', B: '1', FOO: 'mine', C: 'foo' });
});

dotenv('mistakes have a place', () => {
  assert.equal(
    mistakes(() => parse('A=1\nthis is bad\n')),
    ['bad-env-file 2:1'],
  );
  assert.equal(
    mistakes(() => parse('A="open\n')),
    ['bad-env-file 1:3'],
  );
  assert.equal(
    mistakes(() => parse("A=''x''\n")),
    ['bad-env-file 1:5'],
  );
  assert.equal(
    mistakes(() => parse('A=${FOO\n')),
    ['bad-env-file 1:3'],
  );
  assert.equal(
    mistakes(() => parse('A=${NOPE:?need}\n')),
    ['required-variable 1:3'],
  );
});

dotenv('a raw file is taken as it is', () => {
  const raw = parseRaw(source('# c\nA="x" # y\nFOO\nNOPE\n B=$FOO\n'), (name) => shell[name]);
  assert.equal(Object.fromEntries(raw), { A: '"x" # y', FOO: 'foo', B: '$FOO' });
  assert.equal(
    mistakes(() => parseRaw(source('export A=1\n'), () => undefined)),
    ['bad-env-file 1:1'],
  );
  assert.equal(
    mistakes(() => parseRaw(source('=1\n'), () => undefined)),
    ['bad-env-file 1:1'],
  );
});

dotenv.run();
