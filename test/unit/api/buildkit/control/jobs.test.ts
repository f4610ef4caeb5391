import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Jobs } from '../../../../../runtime/api/buildkit/control/jobs.js';
import type { SolveRequest } from '../../../../../runtime/api/buildkit/proto/messages.js';

const remembering = suite('builds by their reference');

function finish(jobs: Jobs, ref: string, request: Partial<SolveRequest> = {}): void {
  const job = jobs.get(ref);
  job.begin({ Ref: ref, Internal: false, ...request } as SolveRequest);
  jobs.ended(job);
}

remembering('who asks for the progress of a probe when it is over is told that it is over', async () => {
  const jobs = new Jobs();
  finish(jobs, 'probe', { Internal: true });
  const parts: unknown[] = [];
  for await (const part of jobs.get('probe').log.read(AbortSignal.timeout(2000))) parts.push(part);
  assert.is(jobs.get('probe').completedMs === undefined, false);
  assert.equal(parts, []);
  assert.equal(jobs.history(), []);
});

remembering('probes go after a while, and push no build out of the history', () => {
  const jobs = new Jobs();
  finish(jobs, 'build');
  for (let count = 0; count < 100; count++) finish(jobs, `probe ${count}`, { Internal: true });
  assert.is(jobs.find('probe 0'), undefined);
  assert.ok(jobs.find('probe 99'));
  assert.equal(
    jobs.history().map(({ ref }) => ref),
    ['build'],
  );
});

remembering('the last fifty builds are remembered, and those that are pinned', () => {
  const jobs = new Jobs();
  finish(jobs, 'first');
  jobs.get('first').pinned = true;
  for (let count = 0; count < 60; count++) finish(jobs, `build ${count}`);
  assert.is(jobs.history().length, 51);
  assert.ok(jobs.find('first'));
  assert.is(jobs.find('build 9'), undefined);
});

remembering.run();
