import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { namesOf } from '../../../../src/flows/commit-export.js';
import { filtersOf, labelsText, pairsOf } from '../../../../src/flows/objects/filters.js';
import { fullName } from '../../../../src/flows/pinned-images.js';

const names = suite('names and filters');

names('an image by its whole name, as a digest is asked for', () => {
  const cases: [string, string][] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['me/app', 'docker.io/me/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:2', 'localhost:5000/app:2'],
    ['reg.io/a/b', 'reg.io/a/b:latest'],
  ];
  for (const [image, whole] of cases) assert.is(fullName(image), whole);
});

names('what a commit is called', () => {
  assert.equal(namesOf('localhost:5000/a'), { repository: 'localhost:5000/a', tag: 'latest' });
  assert.equal(namesOf('a:2'), { repository: 'a', tag: '2' });
  assert.equal(namesOf(undefined), { repository: undefined, tag: undefined });
});

names('filters: a key may stand several times, a value may have a =', () => {
  assert.equal(filtersOf(['label=a=b', 'LABEL=c', 'status=exited']), { label: ['a=b', 'c'], status: ['exited'] });
  assert.equal(filtersOf(undefined), {});
  assert.throws(() => filtersOf(['dangling']), /should be KEY=VALUE/);
});

names('pairs and labels', () => {
  assert.equal(pairsOf(['a=1=2', 'b']), { a: '1=2', b: '' });
  assert.is(labelsText({ b: '2', a: '1' }), 'a=1,b=2');
  assert.is(labelsText(null), '');
});

names.run();
