import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StepRequest } from '../../../../runtime/build/types.js';
import { EngineError } from '../../../../runtime/errors.js';
import { defaults, openWorkbench, rejection } from '../workbench.js';

const solving = suite('solving');

/** RUNs that wait until they are let go. */
function gate() {
  const waiting: { name: string; go: (code: number) => void; request: StepRequest }[] = [];
  const run = (request: StepRequest) =>
    new Promise<number>((resolve, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
      waiting.push({ name: request.args[2]!, go: resolve, request });
    });
  const until = async (count: number) => {
    const end = Date.now() + 5000;
    while (waiting.length < count && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.is(waiting.length, count);
  };
  return { run, waiting, until };
}

solving('independent stages run at the same time, unused ones never', async () => {
  const { run, waiting, until } = gate();
  const it = await openWorkbench({ run });
  await it.image('base:1', { f: '' });
  const built = it.build(
    'FROM base:1 AS a\nRUN a\nFROM base:1 AS b\nRUN b\nFROM base:1 AS c\nRUN c\nFROM base:1\nCOPY --from=a f x\nCOPY --from=b f y\n',
  );
  await until(2);
  assert.equal(waiting.map(({ name }) => name).sort(), ['a', 'b']);
  for (const { go } of waiting) go(0);
  await built;
  assert.is(it.runs.length, 2);
  await it.close();
});

solving('two builds that come to the same step run it once, and both see its output', async () => {
  const { run, waiting, until } = gate();
  const it = await openWorkbench({ run });
  await it.image('base:1', {});
  const said: string[][] = [[], []];
  const start = (index: number) =>
    it.builder.build(
      { ...defaults(it.context), dockerfile: { text: 'FROM base:1\nRUN slow\n' } },
      (event) => event.kind === 'output' && said[index]!.push(event.text),
      new AbortController().signal,
    );
  const first = start(0);
  await until(1);
  waiting[0]!.request.onOutput(Buffer.from('early\n'), 'stdout');
  const second = start(1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  waiting[0]!.request.onOutput(Buffer.from('late\n'), 'stdout');
  waiting[0]!.go(0);
  assert.is((await first).id, (await second).id);
  assert.is(it.runs.length, 1);
  assert.equal(said, [
    ['early\n', 'late\n'],
    ['early\n', 'late\n'],
  ]);
  await it.close();
});

solving('who leaves does not take along a step that another build waits for', async () => {
  const { run, waiting, until } = gate();
  const it = await openWorkbench({ run });
  await it.image('base:1', {});
  const leaver = new AbortController();
  const options = { ...defaults(it.context), dockerfile: { text: 'FROM base:1\nRUN slow\n' } };
  const first = it.builder.build(options, () => {}, leaver.signal);
  await until(1);
  const second = it.builder.build(options, () => {}, new AbortController().signal);
  await new Promise((resolve) => setTimeout(resolve, 30));
  leaver.abort(new Error('gone'));
  assert.is((await rejection(first)).message, 'gone');
  assert.not(waiting[0]!.request.signal.aborted);
  waiting[0]!.go(0);
  await second;
  assert.is(it.runs.length, 1);
  await it.close();
});

solving('a step that loses its files with who began it is done again by who waits', async () => {
  const { run, waiting, until } = gate();
  const it = await openWorkbench({ run });
  await it.image('base:1', {});
  const leaver = new AbortController();
  const options = { ...defaults(it.context), dockerfile: { text: 'FROM base:1\nRUN slow\n' } };
  const first = it.builder.build(options, () => {}, leaver.signal);
  await until(1);
  const second = it.builder.build(options, () => {}, new AbortController().signal);
  await new Promise((resolve) => setTimeout(resolve, 30));
  leaver.abort(new Error('gone'));
  await rejection(first);
  waiting[0]!.go(1);
  await until(2);
  waiting[1]!.go(0);
  await second;
  await it.close();
});

solving('a failing step cancels the others and is told with its line and last output', async () => {
  const { run, waiting, until } = gate();
  const it = await openWorkbench({ run });
  await it.image('base:1', { f: '' });
  const built = it.build('FROM base:1 AS a\nRUN bad\nFROM base:1\nRUN other\nCOPY --from=a f x\n');
  await until(2);
  const bad = waiting.find(({ name }) => name === 'bad')!;
  const other = waiting.find(({ name }) => name === 'other')!;
  for (let line = 1; line <= 25; line++) bad.request.onOutput(Buffer.from(`line ${line}\n`), 'stderr');
  bad.go(7);
  const error = await rejection(built);
  assert.instance(error, EngineError);
  assert.is(error.kind, 'invalid');
  const rule = '-'.repeat(20);
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 6}`);
  assert.is(
    error.message,
    [
      'Dockerfile:2',
      rule,
      '   1 |     FROM base:1 AS a',
      '   2 | >>> RUN bad',
      '   3 |     FROM base:1',
      '   4 |     RUN other',
      '   5 |     COPY --from=a f x',
      rule,
      ...lines,
      rule,
      "The command '/bin/sh -c bad' returned a non-zero code: 7",
    ].join('\n'),
  );
  assert.ok(other.request.signal.aborted);
  await it.close();
});

solving('steps are numbered over all needed stages in the order of the file', async () => {
  const it = await openWorkbench();
  await it.image('base:1', { f: '' });
  await it.build('FROM base:1 AS a\nRUN a\nFROM base:1 AS no\nRUN no\nFROM scratch\nCOPY --from=a f x\nCMD ["x"]\n');
  const steps = it.events.flatMap((event) =>
    event.kind === 'step' ? [`${event.step}/${event.of} ${event.instruction}`] : [],
  );
  assert.equal(steps.sort(), [
    '1/5 FROM base:1 AS a',
    '2/5 RUN a',
    '3/5 FROM scratch',
    '4/5 COPY --from=a f x',
    '5/5 CMD ["x"]',
  ]);
  await it.close();
});

solving('--target stops at a stage, by its name alone', async () => {
  const it = await openWorkbench();
  await it.image('base:1', {});
  const text = 'FROM base:1 AS one\nRUN one\nFROM one AS two\nRUN two\n';
  await it.build(text, { target: 'ONE' });
  assert.is(it.runs.length, 1);
  const numbered = await rejection(it.build(text, { target: '0' }));
  assert.is(numbered.message, 'target stage "0" could not be found');
  assert.is((await rejection(it.build(text, { target: 'three' }))).message, 'target stage "three" could not be found');
  await it.close();
});

solving('an image that is not here is pulled once, with its triggers fired', async () => {
  const onBuild = ['RUN trigger', 'COPY a /a', 'ENV T=$V'];
  const it = await openWorkbench({
    registry: { 'docker.io/library/far:2': { OnBuild: onBuild, Env: ['PATH=/bin', 'V=v'] } },
  });
  await it.write({ a: '' });
  const image = await it.build('FROM far:2 AS x\nFROM far:2\nCOPY --from=x /a /b\n');
  assert.equal(it.pulls, ['docker.io/library/far:2']);
  assert.is(it.runs.length, 1);
  assert.is(image.config.OnBuild, undefined);
  assert.equal(image.config.Env, ['PATH=/bin', 'V=v', 'T=v']);
  await it.build('FROM far:2\n', { pull: true });
  assert.is(it.pulls.length, 2);
  const error = await rejection(it.build('FROM none:1\n'));
  assert.is(error.kind, 'not-found');
  assert.match(error.message, /Dockerfile:1\n[\s\S]*pull access denied for library\/none/);
  await it.close();
});

solving.run();
