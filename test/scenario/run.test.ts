import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage } from '../support/busybox.js';
import { eventually, freePort, giveBusybox, makeProject, rows, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject; port: number }>('run');

const config = (port: number) => `services:
  web:
    image: ${busyboxImage}
    command: ["sh", "-c", "mkdir -p /www; echo page > /www/index.html; exec httpd -f -p 80 -h /www"]
    environment: {GREETING: hello}
    ports: ["${port}:80"]
    stop_signal: SIGKILL
    depends_on: [db]
  db:
    image: ${busyboxImage}
    command: ["sleep", "1000"]
    stop_signal: SIGKILL
`;

story.before(async (context) => {
  context.port = await freePort();
  context.project = await makeProject({ 'compose.yaml': config(context.port) });
  await giveBusybox(context.project);
});

story.after(async ({ project }) => project.remove());

story('takes variables from files, which --env wins over', async ({ project }) => {
  await project.write({ '../one.env': 'A=1\nB="$A and more"\nC=file\n' });
  const flags = ['--rm', '--no-deps', '--env-from-file', '../one.env', '--env', 'C=flag'];
  const done = await project.devenv('run', ...flags, 'web', 'sh', '-c', 'echo $A,$B,$C,$GREETING');
  assert.is(done.stdout, '1,1 and more,flag,hello\n', done.output);
  const missing = await project.devenv('run', '--env-from-file', 'none.env', 'web', 'true');
  assert.match(missing.stderr, 'none.env');
});

story('a variable without a value has what the shell or .env says, else what it had', async ({ project }) => {
  await project.write({ '.env': 'FROM_DOTENV=dotenv\n' });
  const names = ['-e', 'FROM_DOTENV', '-e', 'NOWHERE', '-e', 'GREETING'];
  const ran = await project.devenv('run', '--rm', '--no-deps', ...names, 'web', 'env');
  assert.match(ran.stdout, 'FROM_DOTENV=dotenv\n', ran.output);
  assert.match(ran.stdout, 'GREETING=hello\n');
  assert.not.match(ran.stdout, 'NOWHERE');
  await project.devenv('run', '-d', '--no-deps', 'web', 'cat');
  const executed = await project.devenv('exec', '-T', ...names, 'web', 'env');
  assert.match(executed.stdout, 'FROM_DOTENV=dotenv\n', executed.output);
  assert.not.match(executed.stdout, /NOWHERE|GREETING/);
  await project.devenv('down', '--remove-orphans', '--timeout', '0');
  await project.write({ '.env': '' });
});

story(
  'in the background it waits for input, and exec finds it where the service itself does not run',
  async ({ project }) => {
    const begun = await project.devenv('run', '-d', '--no-deps', 'web', 'cat');
    assert.is(begun.code, 0, begun.output);
    const inside = await project.devenv('exec', '-T', 'web', 'sh', '-c', 'echo in $GREETING');
    assert.is(inside.stdout, 'in hello\n', inside.output);
    const numbered = await project.devenv('exec', '-T', '--index', '1', 'web', 'true');
    assert.match(numbered.stderr, 'service "web" is not running container #1');
    const published = await project.devenv('port', 'web', '80');
    assert.is(published.code, 1, published.output);
    const removed = await project.devenv('down', '--remove-orphans', '--timeout', '0');
    assert.is(removed.code, 0, removed.output);
  },
);

interface Row {
  readonly Name: string;
  readonly Service: string;
}

const all = async (project: TestProject) =>
  rows<Row>((await project.devenv('ps', '--all', '--format', 'json')).stdout).map(({ Name }) => Name);

story('starts what the service needs, gives output and exit code, and --rm leaves nothing', async ({ project }) => {
  const done = await project.devenv(
    'run',
    '--rm',
    '-T',
    '-e',
    'GREETING=bye',
    'web',
    'sh',
    '-c',
    'echo $GREETING; exit 9',
  );
  assert.is(done.code, 9, done.output);
  assert.is(done.stdout, 'bye\n');
  assert.equal(await all(project), [`${project.name}-db-1`]);
});

story('--no-deps starts nothing else', async ({ project }) => {
  await project.devenv('down', '-t', '0');
  assert.is((await project.devenv('run', '--rm', '-T', '--no-deps', 'web', 'true')).code, 0);
  assert.equal(await all(project), []);
});

story('has a name of its own, which stays without --rm, and goes with the orphans', async ({ project }) => {
  const named = await project.devenv('run', '-T', '--no-deps', '--name', `${project.name}-mine`, 'web', 'echo', 'x');
  assert.is(named.stdout, 'x\n');
  const ps = await project.devenv('ps', '--all', '--format', 'json');
  assert.is(ps.code, 0, ps.output);
  const left = await project.devenv('down');
  assert.match(
    left.output,
    /Found containers of run \(\S+-mine\) of this project; --remove-orphans takes them along\./,
  );
  const down = await project.devenv('down', '--remove-orphans');
  assert.match(down.output, `${project.name}-mine`);
  assert.equal(await all(project), []);
});

story(
  'publishes nothing by itself, its ports with --service-ports, others with --publish',
  async ({ project, port }) => {
    const page = (from: number) =>
      fetch(`http://127.0.0.1:${from}/`).then(
        (answer) => answer.text(),
        () => undefined,
      );
    const detached = async (...flags: string[]) => {
      const run = await project.devenv('run', '--detach', '--no-deps', ...flags, 'web');
      assert.is(run.code, 0, run.output);
    };
    await detached('--name', `${project.name}-none`);
    assert.is(await page(port), undefined);
    await detached('--service-ports', '--name', `${project.name}-own`);
    assert.is(await eventually('the page', () => page(port)), 'page\n');
    const other = await freePort();
    await detached('--publish', `${other}:80`, '--name', `${project.name}-other`);
    assert.is(await eventually('the other page', () => page(other)), 'page\n');
    await project.devenv('down', '-t', '0');
  },
);

story('--use-aliases is found by the name of the service', async ({ project }) => {
  const run = await project.devenv('run', '--detach', '--no-deps', '--use-aliases', 'web');
  assert.is(run.code, 0, run.output);
  assert.is((await project.devenv('up', '--detach', 'db')).code, 0);
  const said = await project.devenv('exec', '-T', 'db', 'wget', '-q', '-O', '-', 'http://web/');
  assert.is(said.stdout, 'page\n', said.output);
});

story('takes user, folder, volume and entrypoint of the command line', async ({ project }) => {
  const done = await project.devenv(
    ...['run', '--rm', '-T', '--no-deps', '--user', '7', '--workdir', '/tmp', '--volume', `${project.folder}:/here`],
    ...['--entrypoint', 'sh', 'web', '-c', 'id -u; pwd; ls /here'],
  );
  assert.is(done.stdout, '7\n/tmp\ncompose.yaml\n', done.output);
});

story('at a terminal the bytes of the program come as they are, a bare line feed too', async ({ project }) => {
  const ran = await project.inTerminal(
    'run',
    '--rm',
    '--no-deps',
    'web',
    'sh',
    '-c',
    '"stty -onlcr; printf a\\\\\\\\nb"',
  );
  assert.is(ran.code, 0, ran.output);
  assert.match(ran.stdout, /a\nb/);
  const usual = await project.inTerminal('run', '--rm', '--no-deps', 'web', 'seq', '2');
  assert.match(usual.stdout, '1\r\n2\r\n');
});

story('a command that is not there ends with 127', async ({ project }) => {
  const done = await project.devenv('run', '--rm', '-T', '--no-deps', 'web', 'no-such-program');
  assert.ok(done.code === 127 || done.code === 1, done.output);
  assert.match(done.output, 'no-such-program');
});

story.run();
