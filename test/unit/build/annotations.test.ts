import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkIndexed, parseAnnotations } from '../../../runtime/build/annotations.js';

const noting = suite('annotations, as buildx takes them');
const amd64 = { os: 'linux', architecture: 'amd64' };

noting('without a type they are the manifest’s', () => {
  assert.equal(parseAnnotations(['a=b', 'org.x/y=1=2', 'e='], amd64), {
    manifest: { a: 'b', 'org.x/y': '1=2', e: '' },
  });
});

noting('types come before a colon, several with commas', () => {
  assert.equal(parseAnnotations(['index:a=b', 'manifest,manifest-descriptor:c=http://d'], amd64), {
    index: { a: 'b' },
    manifest: { c: 'http://d' },
    'manifest-descriptor': { c: 'http://d' },
  });
});

noting('those for another platform are left out', () => {
  assert.equal(parseAnnotations(['manifest[linux/arm64]:a=b', 'manifest[linux/amd64]:c=d'], amd64), {
    manifest: { c: 'd' },
  });
});

noting('what is none is refused, and so is a note on an index that is not made', () => {
  assert.throws(() => parseAnnotations(['a'], amd64), /invalid annotation "a": expected key=value/);
  assert.throws(() => parseAnnotations(['what:a=b'], amd64), /unknown annotation type "what"/);
  assert.throws(
    () => checkIndexed({ index: { a: 'b' } }, false),
    /index annotations not supported for single platform/,
  );
});

noting.run();
