// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the shell's, not TypeScript's
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processWord, processWords } from '../../../../runtime/build/expand/expand.js';

const expanding = suite('expanding variables');

const values: Record<string, string> = {
  A: 'a',
  EMPTY: '',
  TWO: 'b c',
  PATHS: '/usr/lib/x.tar.gz',
  STAR: 'a*b',
  A_B: 'ab',
};
const word = (text: string, escapeToken = '\\') => processWord(text, (name) => values[name], { escapeToken });
const words = (text: string) => processWords(text, (name) => values[name], { escapeToken: '\\' });

const cases: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['$A', 'a'],
  ['${A}', 'a'],
  ['$A_B-${A}_B', 'ab-a_B'],
  ['x$Ay', 'x'],
  ['$NONE', ''],
  ['$', '$'],
  ['a$', 'a$'],
  ['$ b', '$ b'],
  ['\\$A', '$A'],
  ['\\\\$A', '\\a'],
  ["'$A'", '$A'],
  ['"$A"', 'a'],
  ['"\\$A"', '$A'],
  ['"\\n"', '\\n'],
  ['"a\'b"', "a'b"],
  ["'a\\'", 'a\\'],
  ['a"b c"d', 'ab cd'],
  ['${NONE:-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${NONE-d}', 'd'],
  ['${A:+y}', 'y'],
  ['${EMPTY:+y}', ''],
  ['${EMPTY+y}', 'y'],
  ['${NONE+y}', ''],
  ['${A:?no}', 'a'],
  ['${NONE:-${A}x}', 'ax'],
  ['${NONE:-"q}"}', 'q}'],
  ['${PATHS#/usr}', '/lib/x.tar.gz'],
  ['${PATHS#*/}', 'usr/lib/x.tar.gz'],
  ['${PATHS##*/}', 'x.tar.gz'],
  ['${PATHS%.*}', '/usr/lib/x.tar'],
  ['${PATHS%%.*}', '/usr/lib/x'],
  ['${PATHS%/none}', '/usr/lib/x.tar.gz'],
  ['${PATHS/l?b/LIB}', '/usr/LIB/x.tar.gz'],
  ['${PATHS//r/R}', '/usR/lib/x.taR.gz'],
  ['${PATHS//\\//_}', '_usr_lib_x.tar.gz'],
  ['${STAR#a\\*}', 'b'],
  ['${STAR%"*b"}', 'a*'],
  ['$1', ''],
];

for (const [text, wanted] of cases) expanding(`${text} becomes ${wanted}`, () => assert.is(word(text), wanted));

expanding('a backtick can be the escape', () => assert.is(word('c:\\x`$A', '`'), 'c:\\x$A'));

expanding('words split at blanks, also at those of an unquoted variable', () => {
  assert.equal(words('a $TWO "$TWO" \'x y\' z\\ w'), ['a', 'b', 'c', 'b c', 'x y', 'z w']);
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['${A', /unsupported modifier \(\ufffd\)/],
  ['${}', /bad substitution/],
  ['${A:', /unsupported modifier/],
  ['${A!x}', /unsupported modifier \(!\)/],
  ['${NONE:?tell me}', /^NONE: tell me$/],
  ['${NONE?}', /NONE: is not allowed to be unset/],
  ['${EMPTY:?}', /EMPTY: is not allowed to be empty/],
  ["'open", /matching single-quote/],
  ['"open', /matching double-quote/],
  ['${A/x}', /missing '\/'/],
];
for (const [text, wanted] of mistakes) {
  expanding(`${text} is refused`, () => {
    try {
      word(text);
    } catch (error) {
      return assert.match((error as Error).message, wanted);
    }
    assert.unreachable();
  });
}

expanding.run();
