import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFiles, mistakes } from './support.js';

const telling = suite('all mistakes at once');

const of = (text: string, more: Readonly<Record<string, string>> = {}, services: readonly string[] = []): string[] =>
  mistakes(() => loadFiles({ '/p/compose.yaml': text, ...more }, { services }));

telling('keys that are not known and names that nothing defines', () => {
  const found = of(`services:
  web:
    image: a
    prots: ["80"]
    networks: [front]
    depends_on: [db]
    volumes: [data:/d]
  api:
    image: a
    secrets: [token]
    configs: [site]
    mem_limit: 12 elephants
`);
  assert.equal(found, [
    'unknown-key 4:5',
    'undefined-network 5:16',
    'undefined-service 6:18',
    'undefined-volume 7:15',
    'undefined-secret 10:15',
    'undefined-config 11:15',
    'bad-size 12:5',
  ]);
});

telling('a circle and a repeated name beside a wrong type', () => {
  const found = of(`services:
  a: {image: a, depends_on: [b], container_name: one}
  b: {image: a, depends_on: [a], container_name: one}
  c: {image: a, tty: [yes]}
`);
  assert.equal(found, ['dependency-cycle 2:30', 'duplicate-container-name 3:34', 'wrong-type 4:22']);
});

telling('nothing of what is only missing because it could not be read', () => {
  assert.equal(of('services:\n  web:\n    imgae: a\n    depends_on: [db]\n  db: 3\n'), [
    'unknown-key 3:5',
    'wrong-type 5:7',
  ]);
  assert.equal(of('services:\n  web:\n    image: a\n    networks: [front]\nnetwroks:\n  front:\n'), [
    'unknown-key 5:1',
  ]);
  assert.equal(of('services:\n  web:\n    image: a\n    networks: [front]\nnetworks: 3\n'), ['wrong-type 5:11']);
  assert.equal(of('services:\n  web:\n    image: ${WHICH:?}\n    bulid: .\n'), [
    'required-variable 3:12',
    'unknown-key 4:5',
  ]);
  assert.equal(
    of(
      'services:\n  web:\n    build: {context: ., additional_contexts: {base: service:base}}\n  base:\n    bulid: .\n',
    ),
    ['unknown-key 5:5'],
  );
});

telling('nothing of what an include that failed may have brought', () => {
  const found = of('include: [gone.yaml]\nservices:\n  web:\n    image: a\n    prots: []\n    depends_on: [db]\n');
  assert.equal(found, ['no-such-file 1:11', 'unknown-key 5:5']);
});

telling('what a service that extends nothing gets wrong itself', () => {
  const found = of('services:\n  web:\n    extends: bsae\n    networks: [front]\n  base:\n    image: a\n');
  assert.equal(found, ['unknown-service 3:14', 'undefined-network 4:16']);
});

telling('mistakes of several files, each where it stands', () => {
  const found = of('services:\n  web:\n    image: a\n    prots: []\n', {
    '/p/compose.override.yaml': 'services:\n  web:\n    networks: [front]\n    labels: 3\n',
  });
  assert.equal(found, ['unknown-key 4:5', 'undefined-network 3:16', 'wrong-type 4:13']);
});

telling('env files that are not there beside names that are not', () => {
  const found = of('services:\n  web:\n    image: a\n    env_file: gone.env\n    networks: [front]\n');
  assert.equal(found, ['no-such-file 4:15', 'undefined-network 5:16']);
});

telling('a short form that cannot be read beside a reference', () => {
  const found = of('services:\n  web:\n    image: a\n    ports: ["1:2:3:4:5"]\n    networks: [front]\n');
  assert.is(found.length, 2, found.join());
  assert.is(found[1], 'undefined-network 5:16');
});

telling.run();
