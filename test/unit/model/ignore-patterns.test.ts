import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIgnorePatterns } from '../../../src/model/ignore-patterns.js';

const ignore = suite('apply ignore patterns');

const ignored = (patterns: string, ...paths: string[]) => {
  const { ignores } = parseIgnorePatterns(patterns);
  return paths.filter((path) => ignores(path));
};

ignore('matches a name at the root, and all below a folder', () => {
  assert.equal(ignored('node_modules\n', 'node_modules', 'node_modules/a/b', 'src/node_modules', 'node_modules2'), [
    'node_modules',
    'node_modules/a/b',
  ]);
});

ignore('knows *, ?, [] and **', () => {
  assert.equal(ignored('*.md', 'a.md', 'b/a.md'), ['a.md']);
  assert.equal(ignored('**/*.md', 'a.md', 'b/c/a.md', 'a.mdx'), ['a.md', 'b/c/a.md']);
  assert.equal(ignored('a?/[bc]', 'ax/b', 'ax/d', 'a/b'), ['ax/b']);
  assert.equal(ignored('temp/**', 'temp/x', 'temp/x/y', 'temp2'), ['temp/x', 'temp/x/y']);
  assert.equal(ignored('a/**/b', 'a/b', 'a/x/y/b', 'a/x'), ['a/b', 'a/x/y/b']);
});

ignore('lets the last match win', () => {
  assert.equal(ignored('*\n!src\nsrc/secret', 'x', 'src', 'src/a', 'src/secret'), ['x', 'src/secret']);
});

ignore('passes over comments, blank lines, slashes and dots', () => {
  assert.equal(ignored('# c\n\n  \n/abs/\n./dot\n../up\n', 'abs', 'dot', '# c'), ['abs', 'dot']);
});

ignore('takes special characters of expressions as they are', () => {
  assert.equal(ignored('a+b(c).txt', 'a+b(c).txt', 'aab(c)xtxt'), ['a+b(c).txt']);
  assert.equal(ignored('\\#x', '#x'), ['#x']);
});

ignore('prunes a folder unless an exception may lie below', () => {
  assert.is(parseIgnorePatterns('node_modules\n!src/keep').mayPrune('node_modules'), true);
  assert.is(parseIgnorePatterns('src\n!src/keep').mayPrune('src'), false);
  assert.is(parseIgnorePatterns('src\n!**/keep').mayPrune('src'), false);
});

ignore.run();
