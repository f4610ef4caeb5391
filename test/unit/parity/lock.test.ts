import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { baseImages } from '../../../src/parity/bases.js';
import { lockDrift } from '../../../src/parity/drift.js';
import { parseLockFile, renderLockFile, tidyLockFile } from '../../../src/parity/lock-file.js';

const locking = suite('lock');

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const image = (letter: string) => ({ digest: digest(letter), platforms: ['linux/amd64'] });

locking('a lock file reads back as it was written, in one order', () => {
  const lock = tidyLockFile({
    images: { 'z:1': image('a'), 'b:1': image('b'), 'unused:1': image('c') },
    environments: { prod: { web: { image: 'z:1' }, api: { bases: ['b:1'] } }, dev: { web: { image: 'b:1' } } },
  });
  const text = renderLockFile(lock);
  assert.equal(parseLockFile(text, 'l'), lock);
  assert.ok(text.indexOf('dev:') < text.indexOf('prod:'));
  assert.ok(text.indexOf('b:1:') < text.indexOf('z:1:'));
  assert.not.match(text, 'unused');
});

locking('what is no lock file is told as such', () => {
  for (const [text, wanted] of [
    ['[', 'is no lock file'],
    ['version: 2\nimages: {}\nenvironments: {}', 'its version is 2'],
    ['version: 1', 'it needs "images:" and "environments:"'],
    ['version: 1\nimages: {a: {digest: latest}}\nenvironments: {}', 'the digest of a is not a sha256'],
  ] as const)
    assert.throws(
      () => parseLockFile(text, 'devenv-lock.yml'),
      (error: Error) => error.message.includes(wanted),
    );
});

locking('drift is told service by service', () => {
  const lock = {
    images: { 'db:1': image('a'), 'base:1': image('b') },
    environments: { dev: { db: { image: 'db:1' }, api: { bases: ['base:1'] }, old: { image: 'db:1' } } },
  };
  assert.equal(lockDrift(lock, 'dev', { db: { image: 'db:2' }, api: { bases: ['base:2'] }, more: { image: 'db:1' } }), [
    'db: image db:1 was locked, db:2 is wanted',
    'db: db:2 has no digest in the lock file',
    'api: its build stands on base:2, which is not locked',
    'api: base:1 was locked, its build does not stand on it any more',
    'api: base:2 has no digest in the lock file',
    'more is not locked',
    'old is locked, and not in the project any more',
  ]);
  assert.equal(lockDrift(lock, 'dev', lock.environments.dev), []);
  assert.equal(lockDrift(lock, 'prod', {}), ['environment prod is not in the lock file']);
});

const dockerfile = `# syntax=docker/dockerfile:1
ARG NODE=20
ARG FLAVOUR="slim"
FROM node:\${NODE}-$FLAVOUR AS Build
RUN --mount=type=bind,from=tools:1,target=/t true
FROM scratch AS unused
COPY --from=never:1 /a /b
FROM --platform=$BUILDPLATFORM build AS test
FROM debian:\${SUITE:-bookworm}
COPY --from=build /a /b
COPY --from=extra:2 /a /b
RUN <<FROM
FROM not:1
FROM
`;

locking('the images that the last stage needs, with arguments filled in', () => {
  assert.equal(baseImages(dockerfile, {}, undefined), ['debian:bookworm', 'extra:2', 'node:20-slim', 'tools:1']);
  assert.equal(baseImages(dockerfile, { NODE: '22' }, 'test'), ['node:22-slim', 'tools:1']);
  assert.equal(baseImages(dockerfile, {}, 'unused'), ['never:1']);
});

locking('scratch, stages by number and build contexts are no images', () => {
  assert.equal(
    baseImages('FROM scratch\nFROM a:1\nCOPY --from=0 / /\nCOPY --from=ctx / /', {}, undefined, new Set(['ctx'])),
    ['a:1'],
  );
});

locking.run();
