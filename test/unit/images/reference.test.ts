import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalName, familiarReference, parseReference } from '../../../runtime/images/reference.js';

const references = suite('reference');
const digest = `sha256:${'ab'.repeat(32)}` as const;

/** What is typed → registry, repository, tag, digest → what is shown. */
const good: [string, string, string, string | undefined, string | undefined, string][] = [
  ['busybox', 'docker.io', 'library/busybox', 'latest', undefined, 'busybox:latest'],
  ['bitnami/redis:7', 'docker.io', 'bitnami/redis', '7', undefined, 'bitnami/redis:7'],
  ['docker.io/busybox', 'docker.io', 'library/busybox', 'latest', undefined, 'busybox:latest'],
  ['index.docker.io/library/busybox:1', 'docker.io', 'library/busybox', '1', undefined, 'busybox:1'],
  ['localhost/a', 'localhost', 'a', 'latest', undefined, 'localhost/a:latest'],
  ['localhost:5000/a/b:c', 'localhost:5000', 'a/b', 'c', undefined, 'localhost:5000/a/b:c'],
  ['ghcr.io/o/p__q-r.s', 'ghcr.io', 'o/p__q-r.s', 'latest', undefined, 'ghcr.io/o/p__q-r.s:latest'],
  ['[::1]:5000/x', '[::1]:5000', 'x', 'latest', undefined, '[::1]:5000/x:latest'],
  [`busybox@${digest}`, 'docker.io', 'library/busybox', undefined, digest, `busybox@${digest}`],
  [`busybox:1@${digest}`, 'docker.io', 'library/busybox', '1', digest, `busybox:1@${digest}`],
];

references('names as Docker reads and shows them', () => {
  for (const [text, registry, repository, tag, wanted, shown] of good) {
    const reference = parseReference(text);
    assert.equal(reference, { registry, repository, tag, digest: wanted }, text);
    assert.is(familiarReference(reference), shown);
    assert.is(canonicalName(reference), `${registry}/${repository}`);
  }
});

references("wrong ones are refused in Docker's words", () => {
  const refusal = (text: string) => {
    try {
      return familiarReference(parseReference(text));
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const text of ['', ':tag', 'a:', 'a//b', 'a:b:c', '-a', 'a b', 'a@sha256:12', 'a:-x', `a:${'x'.repeat(129)}`]) {
    assert.is(refusal(text), 'invalid reference format', text);
  }
  assert.is(refusal('Busybox'), 'invalid reference format: repository name (library/Busybox) must be lowercase');
  assert.is(
    refusal('a'.repeat(64)),
    `invalid repository name (${'a'.repeat(64)}), cannot specify 64-byte hexadecimal strings`,
  );
  assert.is(refusal(`${'a/'.repeat(130)}a`), 'repository name must not be longer than 255 characters');
});

references.run();
