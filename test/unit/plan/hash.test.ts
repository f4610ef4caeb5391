import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalJson, changedParts, hashService } from '../../../src/plan/hash.js';
import { project } from '../../support/projects.js';

const hashing = suite('plan hash');

const hashOf = (service: Parameters<typeof project>[0][string], more = {}) => {
  const of = project({ web: service }, more);
  return hashService(of, of.services.web!);
};

hashing('does not depend on the order of keys', () => {
  assert.is(canonicalJson({ b: 1, a: [{ d: 1, c: undefined }] }), canonicalJson({ a: [{ d: 1 }], b: 1 }));
  assert.is(hashOf({ image: 'a', user: 'u' }).whole, hashOf({ user: 'u', image: 'a' }).whole);
});

hashing('leaves out what says nothing of the container', () => {
  const plain = hashOf({ image: 'a' }).whole;
  const dressed = hashOf({
    image: 'a',
    scale: 3,
    pull_policy: 'always',
    profiles: ['p'],
    build: { context: '/x' },
    deploy: { replicas: 4 },
    depends_on: { db: { condition: 'service_started', required: true } },
  });
  assert.is(dressed.whole, plain);
});

hashing('sees the content of secrets and configs', () => {
  const secret = (content: string) =>
    hashOf({ secrets: [{ source: 's' }] }, { secrets: { s: { name: 's', content } } });
  assert.equal(changedParts(secret('a').parts, secret('b').parts), ['secrets']);
});

hashing('names what changed, came and went', () => {
  assert.equal(changedParts({ image: '1', user: '1', tty: '1' }, { image: '2', user: '1', init: '1' }), [
    'image',
    'init',
    'tty',
  ]);
  assert.equal(changedParts(undefined, { image: '2' }), []);
});

hashing.run();
