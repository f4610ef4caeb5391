import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shellWords } from '../../../../src/config/canonical/shell-words.js';
import { cleanPath, isHostPath, parseVolume } from '../../../../src/config/canonical/volume-syntax.js';

const forms = suite('short forms');

const words: readonly (readonly [string, readonly string[] | undefined])[] = [
  ['bundle exec thin -p 3000', ['bundle', 'exec', 'thin', '-p', '3000']],
  ['', []],
  ['  lead   trail ', ['lead', 'trail']],
  ['"a b" \'c "d"\' e\\ f ""', ['a b', 'c "d"', 'e f', '']],
  ['"a"b\'c\'', ['abc']],
  ['\'q\\w\' "\\""', ['q\\w', '"']],
  ['$(a b)c `d e`', ['$(a b)c', '`d e`']],
  ['"a&b" c', ['a&b', 'c']],
  ["it's", undefined],
  ['"open', undefined],
  ['a\\', undefined],
  ['(a)', undefined],
  ['$(a', undefined],
];

for (const [text, expected] of words) {
  forms(`${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () =>
    assert.equal(shellWords(text)?.words, expected),
  );
}

forms('a command ends where a shell would go on', () => {
  assert.equal(shellWords('npm start && echo'), { words: ['npm', 'start'], cutAt: 10 });
  assert.equal(shellWords('a 2>&1 b')?.words, ['a']);
  assert.equal(shellWords('a;b')?.words, ['a']);
});

forms('volumes', () => {
  assert.equal(parseVolume('/data'), { target: '/data', modes: [] });
  assert.equal(parseVolume('data:/data:ro,nocopy'), { source: 'data', target: '/data', modes: ['ro', 'nocopy'] });
  assert.equal(parseVolume('C:\\x:D:\\y'), { source: 'C:\\x', target: 'D:\\y', modes: [] });
  // One letter before a colon is a drive of Windows, to the reference as well.
  assert.equal(parseVolume('v:/y'), { target: 'v:/y', modes: [] });
  assert.is(parseVolume(''), undefined);
  assert.is(parseVolume(':/xx'), undefined);
  assert.is(parseVolume('aa:bb:cc:dd'), undefined);
});

forms('a source is a path on the host when it looks like one', () => {
  for (const path of ['./x', '../x', '/x', '~/x', '.', 'C:\\x', '\\\\server\\x']) assert.ok(isHostPath(path), path);
  for (const name of ['data', 'my.data', 'x-1']) assert.not(isHostPath(name), name);
});

forms('paths are cleaned as Go cleans them', () => {
  assert.is(cleanPath('/x/'), '/x');
  assert.is(cleanPath('/x/../y//z'), '/y/z');
  assert.is(cleanPath('/..'), '/');
  assert.is(cleanPath('a/../..'), '..');
  assert.is(cleanPath('.'), '.');
});

forms.run();
