import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTarget } from '../../../../runtime/images/bootstrap/target.js';
import { parseReference } from '../../../../runtime/images/reference.js';

const targets = suite('bootstrap target');
const target = (name: string) => {
  const found = parseTarget(parseReference(name));
  return found && `${found.distribution} ${found.suite}${found.slim ? ' slim' : ''}`;
};

targets("suites, versions and Debian's moving names", () => {
  assert.is(target('debian:bookworm-slim'), 'debian bookworm slim');
  assert.is(target('debian:bookworm'), 'debian bookworm');
  assert.is(target('debian:12-slim'), 'debian bookworm slim');
  assert.is(target('debian'), 'debian stable');
  assert.is(target('debian:stable-slim'), 'debian stable slim');
  assert.is(target('docker.io/library/debian:sid'), 'debian sid');
  assert.is(target('ubuntu:24.04'), 'ubuntu noble');
  assert.is(target('ubuntu:jammy'), 'ubuntu jammy');
});

targets("what today's packages are not is refused", () => {
  const wrong = [
    'debian:bookworm-20240101',
    'debian:12.5',
    'debian:bookworm-backports',
    'ubuntu',
    'ubuntu:noble-slim',
    'alpine:3',
  ];
  for (const name of [...wrong, 'me/debian:12', 'localhost:5000/debian:12', `debian@sha256:${'0'.repeat(64)}`]) {
    assert.is(target(name), undefined, name);
  }
});

targets.run();
