import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { eventually, giveBusybox, makeProject, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject }>('logs');

const service = (name: string, command: string, more = '') =>
  `  ${name}:\n    image: ${busyboxImage}\n    command: ["sh", "-c", ${JSON.stringify(command)}]\n    stop_signal: SIGKILL\n${more}`;

const config = `services:
${service('ping', 'for i in 1 2 3; do echo ping $$i; sleep 0.2; done; exec sleep 1000')}
${service('pong', 'sleep 0.1; for i in 1 2 3; do echo pong $$i; sleep 0.2; done; echo bad >&2; exec sleep 1000', '    scale: 2\n')}
`;

story.before(async (context) => {
  context.project = await makeProject({ 'compose.yaml': config });
  await giveBusybox(context.project);
  const up = await context.project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  await eventually('the last lines', async () => {
    const { output } = await context.project.devenv('logs');
    return output.includes('ping 3') && output.split('bad').length === 3;
  });
});

story.after(async ({ project }) => project.remove());

const lines = (text: string) => text.split('\n').filter(Boolean);

story('come merged by time, aligned behind their containers, also what they wrote as errors', async ({ project }) => {
  const { stdout } = await project.devenv('logs', '--timestamps');
  assert.is(lines(stdout).length, 11);
  const parts = lines(stdout)
    .filter((line) => / p[io]ng \d$/.test(line))
    .map((line) => /^(ping-1|pong-[12]) {2}\| (\S+Z) (p[io]ng \d)$/.exec(line)!.slice(1));
  const times = parts.map(([, time]) => time!);
  assert.equal(times, [...times].sort());
  assert.ok(parts.findIndex(([who]) => who === 'pong-1') < parts.findLastIndex(([who]) => who === 'ping-1'));
});

story(
  '--tail counts for each container, --index chooses one, --no-log-prefix leaves the names out',
  async ({ project }) => {
    const tail = lines((await project.devenv('logs', '--tail', '1', 'ping')).stdout);
    assert.equal(tail, ['ping-1  | ping 3']);
    const second = await project.devenv('logs', '--index', '2', '--no-log-prefix', 'pong');
    assert.is(second.stdout, 'pong 1\npong 2\npong 3\nbad\n');
  },
);

story('--grep shows only what matches, and refuses what is no pattern', async ({ project }) => {
  assert.equal(lines((await project.devenv('logs', '--grep', 'ping [13]')).stdout), [
    'ping-1  | ping 1',
    'ping-1  | ping 3',
  ]);
  const bad = await project.devenv('logs', '--grep', '(');
  assert.is(bad.code, 1);
  assert.match(bad.stderr, 'no regular expression');
});

story('--since and --until cut by time', async ({ project }) => {
  const all = lines((await project.devenv('logs', '--timestamps', '--no-log-prefix', 'ping')).stdout);
  const second = all[1]!.split(' ')[0]!;
  const later = await project.devenv('logs', '--no-log-prefix', '--since', second, 'ping');
  assert.is(later.stdout, 'ping 2\nping 3\n');
  const earlier = await project.devenv('logs', '--no-log-prefix', '--until', second, 'ping');
  assert.match(earlier.stdout, /^ping 1\n/);
  assert.not.match(earlier.stdout, 'ping 3');
});

story('--format json gives an object a line', async ({ project }) => {
  const { stdout } = await project.devenv('logs', '--format', 'json', 'ping');
  const [first] = lines(stdout).map((line) => JSON.parse(line));
  assert.match(first.timestamp, /^\d{4}-.*Z$/);
  delete first.timestamp;
  assert.equal(first, { service: 'ping', container: 'ping-1', stream: 'stdout', line: 'ping 1' });
});

story('--follow goes on behind the backlog, with new replicas, until nothing runs', async ({ project }) => {
  const following = project.begin('logs', '--follow', 'ping');
  await eventually('the backlog', async () => following.output().includes('ping 3'));
  assert.is((await project.devenv('restart', 'ping')).code, 0);
  await eventually('the new lines', async () => following.output().split('ping 3').length === 3);
  assert.is((await project.devenv('stop', '-t', '0')).code, 0);
  const { code, stdout } = await following.done;
  assert.is(code, 0);
  assert.equal(
    lines(stdout).map((line) => line.split('| ')[1]),
    ['ping 1', 'ping 2', 'ping 3', 'ping 1', 'ping 2', 'ping 3'],
  );
});

story('300,000 lines of three containers come without loss, in order', async ({ project }) => {
  const flood = 'seq 1 100000';
  await project.write({ 'compose.yaml': `services:\n${service('flood', flood, '    scale: 3\n')}` });
  await project.devenv('down', '-t', '0', '--remove-orphans');
  const up = await project.devenv('up', '--detach');
  assert.is(up.code, 0, up.output);
  await eventually('the end', async () => !(await project.devenv('ps', '--quiet')).stdout.trim(), 60_000);
  const { stdout, code } = await project.devenv('logs', 'flood');
  assert.is(code, 0);
  const next = new Map<string, number>();
  for (const line of lines(stdout)) {
    const [who, number] = line.split(' | ');
    assert.is(Number(number), (next.get(who!) ?? 0) + 1, line);
    next.set(who!, Number(number));
  }
  assert.equal([...next.values()], [100_000, 100_000, 100_000]);
});

story.run();
