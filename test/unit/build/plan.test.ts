import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planBuild } from '../../../runtime/build/plan.js';
import { BuildFailure } from '../../../runtime/build/solve/failures.js';

const planning = suite('a build, planned');
const plan = (text: string, options: Partial<Parameters<typeof planBuild>[2]> = {}) =>
  planBuild(text, 'Dockerfile', { buildArgs: {}, ...options });
const pathsOf = (...lines: string[]) => plan(['FROM scratch', ...lines].join('\n')).contextPaths;

planning('the context that is read, and no more', () => {
  assert.equal(pathsOf('COPY a b/ /x/', 'ADD ./c /y', 'COPY --from=img d /z'), ['a', 'b', 'c']);
  assert.equal(pathsOf('RUN --mount=type=bind,source=m,target=/m true', 'COPY *.txt /'), ['m', '*.txt']);
  assert.equal(pathsOf('ADD https://x.org/y /y', 'COPY <<E /e', 'text', 'E'), []);
});

planning('all of the context where it cannot be known', () => {
  for (const line of [
    'COPY . /',
    'COPY / /',
    'COPY $X /',
    'RUN --mount=target=/m true',
    'COPY ../a /',
    'ONBUILD COPY a /',
  ])
    assert.is(pathsOf(line), undefined, line);
});

planning('stages that the target does not need read nothing', () => {
  const text = 'FROM scratch AS a\nCOPY a /\nFROM scratch AS b\nCOPY b /\n';
  assert.equal(plan(text).contextPaths, ['b']);
  assert.equal(plan(text, { target: 'a' }).contextPaths, ['a']);
});

planning('stages with their bases and the number of their layers', () => {
  const { all, target } = plan('ARG V=3\nFROM alpine:$V AS one\nENV a=b\nRUN x\nFROM one\nCOPY a /\nWORKDIR /w\n');
  assert.equal(
    all.map(({ name, image, base, layers, line }) => [name, image, base, layers, line]),
    [
      ['one', 'alpine:3', 'alpine:3', 1, 2],
      [undefined, undefined, 'one', 2, 5],
    ],
  );
  assert.is(target.index, 1);
});

planning('a name that stands for a given image is that image, stage or not', () => {
  const text = 'FROM alpine AS one\nCOPY a /\nFROM one\nRUN x\n';
  const { all, contextPaths } = plan(text, { contextImages: { one: 'sha256:x' } });
  assert.equal(
    all.map(({ image }) => image),
    ['one', 'one'],
  );
  assert.equal(contextPaths, []);
});

planning('what can be given to it', () => {
  const text = 'FROM scratch\nARG A=1\nARG B\nRUN --mount=type=secret,id=s,required --mount=type=ssh x\n';
  assert.equal(
    plan(text).parameters.map(({ kind, name, value, required }) => [kind, name, value, required]),
    [
      ['arg', 'A', '1', false],
      ['arg', 'B', undefined, false],
      ['secret', 's', undefined, true],
      ['ssh', 'default', undefined, false],
    ],
  );
});

planning('a mistake is told with its place', () => {
  try {
    plan('FROM scratch\nRUNN x\n');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, BuildFailure);
    assert.is((error as BuildFailure).place.location?.line, 2);
  }
});

planning.run();
