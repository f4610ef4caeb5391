import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGitSource } from '../../../runtime/build/git-source.js';

const test = suite('addresses of git repositories');
const commit = 'f012f9f4379a8be63e4a2907e880c7522b341ba5';

test('a fragment and a query say the same', () => {
  const url = 'https://example.test/x.git';
  assert.equal(parseGitSource(`${url}#v1:sub`), { url, ref: 'v1', folder: 'sub' });
  assert.equal(parseGitSource(`${url}?ref=v1&subdir=sub`), { url, ref: 'v1', folder: 'sub' });
  assert.equal(parseGitSource(`${url}?tag=v1`), { url, ref: 'refs/tags/v1', folder: '' });
  assert.equal(parseGitSource(`${url}?branch=main#:sub`), { url, ref: 'refs/heads/main', folder: 'sub' });
});

test('flags of a query may stand without a value', () => {
  const url = 'git://example.test/x';
  const flags = { keepGitDir: true, submodules: false };
  assert.equal(parseGitSource(`${url}?keep-git-dir&submodules=0`), { url, ref: undefined, folder: '', ...flags });
});

test('a whole checksum is what is asked for, a short one is compared', () => {
  const url = 'git://example.test/x';
  assert.equal(parseGitSource(`${url}?checksum=${commit}`), { url, ref: commit, folder: '', checksum: commit });
  assert.equal(parseGitSource(`${url}?commit=f012`), { url, ref: undefined, folder: '', checksum: 'f012' });
});

test('other forms are known, and other addresses are not', () => {
  assert.is(parseGitSource('github.com/a/b#main')?.url, 'https://github.com/a/b');
  assert.is(parseGitSource('git@example.test:a/b.git#main')?.url, 'git@example.test:a/b.git');
  assert.is(parseGitSource('https://example.test/x.tar?y=.git'), undefined);
  assert.is(parseGitSource('sub/folder'), undefined);
});

test('a query that contradicts itself is refused in BuildKit’s words', () => {
  const refused = (query: string, sentence: string) => {
    const parse = () => parseGitSource(`git://example.test/x${query}`);
    assert.throws(parse, (error: Error) => error.message === sentence);
  };
  refused('?branch=main&tag=v1', 'branch conflicts with tag');
  refused('?ref=main#v1', 'ref conflicts: "v1" vs "main"');
  refused('?subdir=sub#main:x', 'subdir conflicts: "x" vs "sub"');
  refused('?nonsense=1', 'unexpected query "nonsense"');
  refused('?ref=', 'query "ref" has no value');
  refused('?ref=a&ref=b', 'query "ref" has multiple values');
  refused('?keep-git-dir=zz', 'invalid keep-git-dir value: "zz"');
});

test.run();
