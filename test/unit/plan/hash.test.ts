import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changedParts, goJson, hashNetwork, hashService, hashVolume } from '../../../src/plan/hash.js';
import { project } from '../../support/projects.js';

const hashing = suite('plan hash');

const hashOf = (service: Parameters<typeof project>[0][string], more = {}) => {
  const of = project({ web: service }, more);
  return hashService(of, of.services.web!);
};

hashing('is the number that Compose 2.40 puts on its label', () => {
  const of = project(
    {},
    {
      networks: {
        back: {
          name: 'orchp4_back',
          driver_opts: { 'com.docker.network.bridge.name': 'brorch4' },
          ipam: {},
          internal: true,
          labels: { a: 'b' },
        },
      },
    },
  );
  assert.is(hashNetwork(of.networks.back!), '979180f166c5aeedd99a57f4620d418e8052b9bf9018a7e0fcbe3006a2616ee1');
  assert.is(hashVolume({ name: 'orchp4_data' }), '0a165a86456344cad9fe9ee4ca1b46b8b9ccb9115abf2342fe57714b2b5397f7');
  assert.is(
    hashVolume({ name: 'orchp4_other', labels: { l: 'm' } }),
    '5a4ac47c2a235808c5cc73d1b47f5fb123f4eccaedb99c2d42c8defe66885070',
  );
  const web = {
    command: ['sleep', '1000'],
    entrypoint: null,
    image: 'busybox',
    networks: { default: null },
    ports: [{ mode: 'ingress', target: 80, published: '18081', protocol: 'tcp' }],
  };
  assert.is(
    hashService(of, { name: 'web', ...web }).whole,
    'e40938c407da3d488930515a79d9fd0d3bc2fb89ade2680874edc4a779989dff',
  );
});

hashing('prints JSON as Go does', () => {
  assert.is(
    goJson({ b: '<a&b>', a: [1e-7, 1.5, null, true], u: undefined }),
    '{"b":"\\u003ca\\u0026b\\u003e","a":[1e-07,1.5,null,true]}',
  );
});

hashing('leaves out what says nothing of the container', () => {
  const plain = hashOf({ image: 'a' }).whole;
  const dressed = hashOf({
    image: 'a',
    scale: 3,
    pull_policy: 'always',
    profiles: ['p'],
    build: { context: '/x' },
    depends_on: { db: { condition: 'service_started', required: true } },
  });
  assert.is(dressed.whole, plain);
  assert.is(hashOf({ deploy: { replicas: 4, mode: 'x' } }).whole, hashOf({ deploy: { replicas: 2, mode: 'x' } }).whole);
});

hashing('sees the content of secrets and configs', () => {
  const secret = (content: string) =>
    hashOf({ secrets: [{ source: 's' }] }, { secrets: { s: { name: 's', content } } });
  assert.equal(changedParts(secret('a').parts, secret('b').parts), ['content of secrets']);
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
