import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listOf, readAttributes } from '../../../../../runtime/api/buildkit/frontend/attributes.js';

const attributes = suite('frontend attributes');

attributes('nothing said is a Dockerfile in the context', () => {
  const { dockerfile, folders, remote, question, options, namedContexts } = readAttributes({});
  assert.is(dockerfile, 'Dockerfile');
  assert.equal(folders, { dockerfile: 'dockerfile', context: 'context' });
  assert.equal([remote, question, namedContexts], [undefined, undefined, []]);
  assert.is(options.network, 'default');
  assert.is(options.noCache, false);
});

attributes('arguments and labels go by their prefixes', () => {
  const { options } = readAttributes({ 'build-arg:A': '1', 'build-arg:B': '', 'label:x.y': 'z', target: 't' });
  assert.equal(options.buildArgs, { A: '1', B: '' });
  assert.equal(options.labels, { 'x.y': 'z' });
  assert.is(options.target, 't');
});

attributes('hosts, limits and shared memory', () => {
  const { options } = readAttributes({
    'add-hosts': 'a=1.2.3.4,b=::1',
    ulimit: 'nofile=10:20,nproc=5',
    'shm-size': '1000',
    'force-network-mode': 'none',
  });
  assert.equal(options.extraHosts, ['a:1.2.3.4', 'b:::1']);
  assert.equal(options.ulimits, [
    { name: 'nofile', soft: 10, hard: 20 },
    { name: 'nproc', soft: 5, hard: 5 },
  ]);
  assert.is(options.shmBytes, 1000);
  assert.is(options.network, 'none');
});

attributes('no cache for all, or for some stages', () => {
  assert.is(readAttributes({ 'no-cache': '' }).options.noCache, true);
  const some = readAttributes({ 'no-cache': 'Base,other' }).options;
  assert.is(some.noCache, false);
  assert.equal(some.noCacheFilter, ['base', 'other']);
});

attributes('named contexts by their schemes', () => {
  const { namedContexts } = readAttributes({
    'context:one': 'local:one-folder',
    'context:two': 'docker-image://alpine:3',
    'context:three': 'input:0-three',
    'context:four::linux/amd64': 'https://example.org/x.git#main',
  });
  assert.equal(namedContexts, [
    { kind: 'local', name: 'one', folder: 'one-folder' },
    { kind: 'image', name: 'two', image: 'alpine:3' },
    { kind: 'input', name: 'three', input: '0-three' },
    { kind: 'remote', name: 'four', url: 'https://example.org/x.git#main' },
  ]);
});

attributes('several platforms at once are refused with a way out', () => {
  assert.throws(() => readAttributes({ platform: 'linux/amd64,linux/arm64' }), /one by one/);
});

attributes('lists are a line of CSV', () => {
  assert.equal(listOf(''), []);
  assert.equal(listOf('a,b'), ['a', 'b']);
  assert.equal(listOf('"a,b",c,"d""e"'), ['a,b', 'c', 'd"e']);
});

attributes.run();
