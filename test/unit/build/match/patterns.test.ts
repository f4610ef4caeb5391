import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { globToRegExp, hasWildcards } from '../../../../runtime/build/match/glob.js';
import { ignoreLines, PatternSet } from '../../../../runtime/build/match/patterns.js';

const matching = suite('patterns');

const ignored = (file: string, path: string) => new PatternSet(ignoreLines(file)).matches(path);

const cases: readonly (readonly [string, string, boolean])[] = [
  ['a', 'a', true],
  ['a', 'a/b/c', true],
  ['a', 'b/a', false],
  ['/a', 'a', true],
  ['a/', 'a', true],
  ['./a', 'a', true],
  ['*.md', 'x.md', true],
  ['*.md', 'd/x.md', false],
  ['**/*.md', 'x.md', true],
  ['**/*.md', 'd/e/x.md', true],
  ['**', 'anything/at/all', true],
  ['a/**', 'a/b', true],
  ['a/**', 'a', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['?', 'ab', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['a.b', 'axb', false],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['# c\na', 'c', false],
  ['#a', '#a', false],
  [' a ', 'a', true],
  ['*\n!keep', 'keep', false],
  ['*\n!keep', 'keep/x', false],
  ['*\n!keep/x', 'keep/x', false],
  ['*\n!keep/x', 'keep/y', true],
  ['!a\na', 'a', true],
  ['*\n!a\na/b', 'a/b', true],
  ['a/../b', 'b', true],
  ['\uFEFFa', 'a', true],
  ['+(x)', '+(x)', true],
];
for (const [file, path, wanted] of cases) {
  matching(`${JSON.stringify(file)} ${wanted ? 'leaves out' : 'keeps'} ${path}`, () =>
    assert.is(ignored(file, path), wanted),
  );
}

matching('a folder is only looked into when something in it may come back', () => {
  const patterns = new PatternSet(['*', '!a/b', '!c/**/d']);
  assert.ok(patterns.mayHoldExceptions('a'));
  assert.ok(patterns.mayHoldExceptions('c/x'));
  assert.not(patterns.mayHoldExceptions('z'));
  assert.ok(new PatternSet(['*', '!**/x']).mayHoldExceptions('z'));
});

matching('a lone ! is refused', () => {
  assert.throws(() => new PatternSet(['!']), /illegal exclusion pattern/);
});

matching('wildcards are those of Go: a star stops at a slash', () => {
  const one = (pattern: string, path: string) => globToRegExp(pattern).test(path);
  assert.ok(one('*.[ch]', 'a.c'));
  assert.not(one('*', 'a/b'));
  assert.ok(one('[^a]', 'b'));
  assert.not(one('[^a]', 'a'));
  assert.ok(one('\\*', '*'));
  assert.ok(one('[\\]]', ']'));
  assert.ok(one('[.-9]', '5'));
  assert.throws(() => globToRegExp('[a'), /syntax error in pattern/);
  assert.not(hasWildcards('a\\*b'));
  assert.ok(hasWildcards('a?b'));
});

matching.run();
