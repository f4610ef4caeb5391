/** Rebuilding a service that serves: nobody who asks it is refused, and what cannot be built or does not start changes nothing. */
import http from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, makeProject, runOnOwnEngine, type TestProject, writeBusyboxRoot } from '../support/project.js';

interface World {
  project: TestProject;
  run: ReturnType<TestProject['begin']>;
  port: number;
}

const story = suite<World>('rebuild without downtime');
const ROUNDS = Number(process.env.DEVENV_TEST_REBUILDS ?? 6);
const REQUESTS_A_SECOND = 200;

const config = (port: number) => `
name: swap
services:
  web:
    build: .
    init: true
    ports: ["127.0.0.1:${port}:80"]
    healthcheck: {test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], interval: 5s}
    develop:
      watch:
        - {path: page, action: rebuild}
        - {path: start, action: rebuild}
  peer:
    build: .
    command: ["sleep", "600"]
    init: true
    develop: {watch: [{path: nothing, action: rebuild}]}
`;
const dockerfile = `FROM scratch
COPY rootfs /
ENV PATH=/bin
COPY page /www/index.html
COPY start /start
CMD ["sh", "/start"]
`;
const starts = 'exec httpd -f -p 80 -h /www\n';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const page = (port: number, agent: http.Agent | false = false) =>
  new Promise<string>((resolve, reject) => {
    const request = http.get({ hostname: '127.0.0.1', port, agent, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve(text));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });

const shows = (port: number, text: string) =>
  eventually(`the page says ${text}`, async () => (await page(port).catch(() => '')) === text, 30_000);
const idOf = async (project: TestProject) => (await project.devenv('ps', '--quiet', 'web')).stdout.trim();

story.before(async (context) => {
  context.port = await freePort();
  context.project = await makeProject({
    'devenv.yml': config(context.port),
    Dockerfile: dockerfile,
    page: 'round 0',
    start: starts,
  });
  const { project } = context;
  await writeBusyboxRoot(project.folder);
  context.run = project.begin('up');
  await eventually('watching', async () => context.run.output().includes('_devenv/events'), 40_000);
  await shows(context.port, 'round 0');
});

story.after(async ({ project, run }) => {
  run.kill('SIGKILL');
  await run.done;
  await project.remove();
});

story(`no request fails in ${ROUNDS} rebuilds under load`, async ({ project, port, run }) => {
  const failures: string[] = [];
  let sent = 0;
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    sent += 1;
    const answer = page(port).then(
      () => undefined,
      (error: Error) => void failures.push(error.message),
    );
    pending.add(answer);
    void answer.finally(() => pending.delete(answer));
  }, 1000 / REQUESTS_A_SECOND);
  for (let round = 1; round <= ROUNDS; round += 1) {
    await project.write({ page: `round ${round}` });
    await shows(port, `round ${round}`);
    await eventually('told', async () => run.output().split('web: rebuilt').length > round, 30_000);
  }
  clearInterval(timer);
  await Promise.all(pending);
  assert.equal(failures, []);
  assert.ok(sent > ROUNDS * 10, `${sent} requests`);
});

story("a name leads to the new one, and it has the old one's name and ports", async ({ project, port }) => {
  const { stdout } = await project.devenv('exec', '-T', 'peer', 'wget', '-q', '-O', '-', 'http://web/');
  assert.is(stdout, `round ${ROUNDS}`);
  const { stdout: listed } = await project.devenv('ps', '--format', '{{.Name}} {{.Ports}}', 'web');
  assert.is(listed.trim(), `swap-web-1 127.0.0.1:${port}->80/tcp`);
});

story('a build that fails is shown, and the old one goes on', async ({ project, port, run }) => {
  const id = await idOf(project);
  await project.write({ Dockerfile: `${dockerfile}COPY absent /\n`, page: 'unbuilt' });
  await eventually('told', async () => run.output().includes('absent'), 30_000);
  assert.is(await page(port), `round ${ROUNDS}`);
  assert.is(await idOf(project), id);
  await project.write({ Dockerfile: dockerfile });
});

story('a new one that does not start is shown with its output and removed', async ({ project, port, run }) => {
  const id = await idOf(project);
  await project.write({ start: 'echo cannot begin; exit 3\n' });
  await eventually('told', async () => run.output().includes('The old container goes on serving'), 30_000);
  assert.match(run.output(), /web: the new container exited \(3\)[\s\S]*cannot begin/);
  assert.is(await page(port), `round ${ROUNDS}`);
  assert.is(await idOf(project), id);
  const { stdout } = await project.devenv('container', 'ls', '--all', '--format', '{{.Names}}');
  assert.equal(stdout.trim().split('\n').sort(), ['swap-peer-1', 'swap-web-1']);
});

story('the mended one takes over, and connections of before end first', async ({ project, port }) => {
  await project.write({ start: starts, page: 'mended' });
  await shows(port, 'mended');
  await sleep(50);
  assert.is(await page(port), 'mended');
});

runOnOwnEngine(
  story,
  'rebuild without downtime',
  'elsewhere the old container holds the published port until it is gone',
);
