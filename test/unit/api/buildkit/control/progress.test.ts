import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BuildProgress } from '../../../../../runtime/api/buildkit/control/progress.js';
import { StatusLog } from '../../../../../runtime/api/buildkit/control/status-log.js';
import type { Vertex } from '../../../../../runtime/api/buildkit/proto/messages.js';
import { planBuild } from '../../../../../runtime/engine/build-plan.js';

const progress = suite('build progress');

const dockerfile = `FROM busybox AS base
ENV A=b
RUN one
FROM base AS derived
COPY x /x
RUN two
FROM busybox
WORKDIR /w
COPY --from=derived /x /x
`;

function watch(text = dockerfile) {
  const log = new StatusLog();
  const plan = planBuild(text, 'Dockerfile', { buildArgs: {} });
  const shown = new BuildProgress(log, 'ref', plan, (image) => `docker.io/library/${image}:latest`);
  let number = 0;
  const step = (stageIndex: number, line: number, instruction: string, title?: string, cached = false) => {
    number++;
    const named = title === undefined ? {} : { title };
    shown.take({
      kind: 'step',
      step: number,
      of: 9,
      instruction,
      stage: undefined,
      line,
      stageIndex,
      cached,
      ...named,
    });
    return number;
  };
  const end = async () => {
    log.end();
    const last = new Map<string, Vertex>();
    for await (const { vertexes = [] } of log.read(new AbortController().signal))
      for (const vertex of vertexes) last.set(vertex.digest, vertex);
    return [...last.values()];
  };
  return { shown, step, end };
}

progress('lines are numbered within their stage, and images count only where a stage begins with one', async () => {
  const { shown, step, end } = watch();
  step(0, 1, 'FROM busybox AS base');
  step(2, 7, 'FROM busybox');
  step(0, 2, 'ENV A=b');
  step(0, 3, 'run one', 'run one');
  step(1, 4, 'FROM base AS derived');
  step(1, 5, 'COPY x /x', 'COPY x /x');
  step(2, 8, 'WORKDIR /w', 'WORKDIR /w', true);
  shown.end();
  const lines = await end();
  assert.equal(
    lines.map(({ name }) => name),
    [
      '[base 1/2] FROM docker.io/library/busybox:latest',
      '[base 2/2] RUN one',
      '[derived 1/2] COPY x /x',
      '[stage-2 2/3] WORKDIR /w',
    ],
  );
  assert.ok(lines.every(({ completed }) => completed));
  assert.is(lines[3]!.cached, true);
  assert.is(shown.cachedSteps, 1);
});

progress('a lone stage without a name has none in its lines', async () => {
  const { shown, step, end } = watch('FROM busybox\nRUN x\n');
  step(0, 1, 'FROM busybox');
  step(0, 2, 'RUN x', 'RUN x');
  shown.end();
  assert.equal(
    (await end()).map(({ name }) => name),
    ['[1/2] FROM docker.io/library/busybox:latest', '[2/2] RUN x'],
  );
});

progress('what failed has the reason, what went on beside it was cancelled', async () => {
  const { shown, step, end } = watch();
  step(0, 1, 'FROM busybox AS base');
  step(0, 3, 'RUN one', 'RUN one');
  step(2, 7, 'FROM busybox');
  step(2, 8, 'WORKDIR /w', 'WORKDIR /w');
  const place = { dockerfile: { name: 'Dockerfile', text: dockerfile }, location: { line: 3, endLine: 3 } };
  shown.end({ place, sentence: 'it broke', ofStep: true });
  const errors = Object.fromEntries((await end()).map(({ name, error }) => [name, error]));
  assert.is(errors['[base 2/2] RUN one'], 'it broke');
  assert.is(errors['[stage-2 2/3] WORKDIR /w'], 'context canceled');
});

progress('an instruction that failed before it began has a line too', async () => {
  const { shown, step, end } = watch();
  step(1, 4, 'FROM base AS derived');
  const place = { dockerfile: { name: 'Dockerfile', text: dockerfile }, location: { line: 5, endLine: 5 } };
  shown.end({ place, sentence: '"/x": not found', ofStep: true });
  const [line] = await end();
  assert.equal([line?.name, line?.error], ['[derived 1/2] COPY x /x', '"/x": not found']);
});

progress.run();
