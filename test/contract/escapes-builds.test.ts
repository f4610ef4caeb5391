/** Mounts of a build step, tried from inside the step (BuildKit's holes of January 2024). */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openRange, type Range } from '../support/attacker.js';
import { busyboxImage } from '../support/busybox.js';
import { tarOf } from '../support/tar.js';

const escapes = suite('escapes from builds');
let range: Range;

escapes.before(async () => {
  range = await openRange();
  writeFileSync(path.join(range.folder, 'secret'), 'the machine’s');
});
escapes.after(() => range.stop());

/** Everything that a build said. */
async function build(steps: string): Promise<{ said: string }> {
  const Dockerfile = `# ${Date.now()}\n${steps}\n`;
  const { text } = await range.engine.request('POST', '/build?nocache=1', await tarOf({ Dockerfile }));
  return { said: text };
}

escapes('a racing or linked source of a cache mount stays in the cache (CVE-2024-23651)', async () => {
  const { said } = await build(`FROM ${busyboxImage}
RUN --mount=type=cache,id=evil,target=/c mkdir -p /c/sub && rm -rf /c/link && ln -s / /c/link && ln -sfn ../../../../../../.. /c/up
RUN --mount=type=cache,id=evil,source=link,target=/m cat /m${range.folder}/secret; ls /m; true
RUN --mount=type=cache,id=evil,source=up,target=/m cat /m${range.folder}/secret; true
`);
  assert.not.match(said, /the machine/);
});

escapes('a linked source of a bind mount stays in its stage (CVE-2024-23651)', async () => {
  const { said } = await build(`FROM ${busyboxImage} AS evil
RUN ln -s / /link && ln -s ../../../../../../.. /up
FROM ${busyboxImage}
RUN --mount=type=bind,from=evil,source=/link,target=/m cat /m${range.folder}/secret; true
RUN --mount=type=bind,from=evil,source=/up,target=/m cat /m${range.folder}/secret; true
`);
  assert.not.match(said, /the machine/);
});

escapes('what is cleared away after a step is never the machine’s (CVE-2024-23652)', async () => {
  const folder = path.join(range.folder, 'empty');
  mkdirSync(folder);
  const file = path.join(range.folder, 'file');
  writeFileSync(file, '');
  await build(`FROM ${busyboxImage}
RUN --mount=type=tmpfs,target=/evil${folder} mv /evil /gone; ln -s / /evil; true
`);
  await build(`FROM ${busyboxImage}
RUN --mount=type=bind,from=${busyboxImage},source=/etc/passwd,target=/evil${file} mv /evil /gone; ln -s / /evil; true
`);
  await build(`FROM ${busyboxImage}
RUN ln -s / /evil
RUN --mount=type=cache,target=/evil${folder} ls /evil; true
`);
  assert.ok(existsSync(folder), 'the folder');
  assert.ok(existsSync(file), 'the file');
});

escapes('a step gets no privileges that the client was not asked for (CVE-2024-23653)', async () => {
  const { said } = await build(`# syntax=docker/dockerfile:1
FROM ${busyboxImage}
RUN --security=insecure grep CapEff /proc/self/status
`);
  assert.not.match(said, /CapEff:/);
  assert.match(said, /security.insecure is not allowed/);
});

escapes('a target that is a symlink of the base image is resolved in the step’s root', async () => {
  const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  await build(`FROM ${busyboxImage}
RUN ln -s ../../../../../../.. /up && ln -s /proc/self/root /magic
RUN --mount=type=tmpfs,target=/up${range.folder} touch /up${range.folder}/in
RUN --mount=type=tmpfs,target=/magic${range.folder} touch /magic${range.folder}/in; true
`);
  assert.not.ok(existsSync(path.join(range.folder, 'in')));
  assert.is(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length, before);
});

escapes.run();
