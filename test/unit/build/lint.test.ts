/** Warnings of Dockerfiles beside what BuildKit's `docker build --check` says of them (`fixtures/build/lint/NAME.json`). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint, lintFailure } from '../../../runtime/build/lint/lint.js';
import { layGraph } from '../../../runtime/build/plan.js';

const linting = suite('lint');
const cases = join(import.meta.dirname, '../../../../test/fixtures/build/lint');
const HOST = { os: 'linux', architecture: 'amd64' };

function lintText(text: string, buildArgs: Record<string, string> = {}) {
  const laid = layGraph(text, { buildArgs }, HOST);
  const basePlatform = (name: string) => ({ os: 'linux', architecture: name.includes('/arm:') ? 'arm64' : 'amd64' });
  const ignored = (path: string) => path.startsWith('ignored');
  const input = { ...laid, buildArgs, baseEnv: () => [], basePlatform, platform: HOST, ignored };
  const found = lint(input);
  return { found, failure: lintFailure(input, found) };
}

for (const file of readdirSync(cases).filter((name) => name.endsWith('.Dockerfile'))) {
  linting(`says of ${file} what BuildKit says`, () => {
    const { found } = lintText(readFileSync(join(cases, file), 'utf8'));
    const said = found.map(({ line, text }) => [line ?? 0, text] as const);
    const order = ([a, x]: readonly [number, string], [b, y]: readonly [number, string]) => a - b || (x < y ? -1 : 1);
    const golden = JSON.parse(readFileSync(join(cases, file.replace('.Dockerfile', '.json')), 'utf8'));
    assert.equal(said.sort(order), golden);
  });
}

linting('error=true makes warnings a failure, by directive or by build argument', () => {
  const text = 'FROM scratch\nCMD x\nMAINTAINER y\n';
  assert.is(lintText(text).failure, undefined);
  const sentence = 'lint violation found for rules: JSONArgsRecommended, MaintainerDeprecated';
  assert.is(lintText(`# check=error=true\n${text}`).failure, sentence);
  const given = { BUILDKIT_DOCKERFILE_CHECK: 'skip=MaintainerDeprecated;error=true' };
  assert.is(lintText(text, given).failure, 'lint violation found for rules: JSONArgsRecommended');
  assert.is(lintText(`# check=skip=all;error=true\n${text}`).failure, undefined);
});

linting('a frontend that is not the Dockerfile’s is refused', () => {
  for (const fine of ['docker/dockerfile:1', 'docker.io/docker/dockerfile:1.7-labs', 'mirror:5000/docker/dockerfile'])
    assert.ok(lintText(`# syntax=${fine}\nFROM scratch\n`).found);
  assert.throws(
    () => lintText('# syntax=example/other:1\nFROM scratch\n'),
    /the frontend example\/other:1 .* cannot be run/,
  );
});

linting.run();
