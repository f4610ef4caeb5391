/** Whatever happens to files of the host happens to those of the container, whoever does it and whenever. */
import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

const story = suite<{ project: TestProject; run: ReturnType<TestProject['begin']> }>('files that are watched');

const config = `
name: hot
services:
  api:
    build: .
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done"]
    develop:
      watch:
        - {path: src, action: sync, target: /app/src}
        - {path: chosen, action: sync, target: /chosen, include: ["*.js", "lib/**"], ignore: ["**/*.test.js"]}
`;
const dockerfile = 'FROM scratch\nCOPY rootfs /\nENV PATH=/bin\nCOPY src /app/src\n';
const git = (project: TestProject, ...args: string[]) =>
  promisify(execFile)('git', ['-C', project.folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);

const at = (project: TestProject, name: string) => path.join(project.folder, name);
const inApi = async (project: TestProject, script: string) =>
  (await project.devenv('exec', '-T', 'api', 'sh', '-c', script)).stdout.trim();
const shows = (project: TestProject, script: string, wanted: string) =>
  eventually(`${script} gives ${wanted}`, async () => (await inApi(project, script)) === wanted, 20_000).catch(
    async (error) => {
      throw new Error(`${error.message}; it gives ${await inApi(project, script)}`);
    },
  );

async function watch(project: TestProject, ...args: string[]) {
  const run = project.begin(...args);
  await eventually('watching', async () => run.output().includes('_devenv/events'), 40_000).catch((error) => {
    throw new Error(`${error.message}: ${run.output()}`);
  });
  return run;
}

story.before(async (context) => {
  const project = await makeProject({
    'devenv.yml': config,
    Dockerfile: dockerfile,
    '.dockerignore': 'src/secret\n.git\n',
    '.gitignore': 'rootfs\n',
    'src/a': 'one\n',
    'src/stale': 'stale\n',
    'src/old/deep/x': 'x\n',
  });
  await writeBusyboxRoot(project.folder);
  for (const applet of ['rm', 'readlink', 'find', 'wc', 'md5sum', 'sort'])
    await symlink('busybox', at(project, `rootfs/bin/${applet}`));
  context.project = project;
  context.run = await watch(project, 'up');
});

story.after(async ({ project, run }) => {
  run?.kill('SIGKILL');
  await run?.done;
  await project.remove();
});

story('symbolic links come as links, wherever they lead', async ({ project }) => {
  await symlink('a', at(project, 'src/link'));
  await symlink('../nowhere', at(project, 'src/dangling'));
  await shows(project, 'cd /app/src; readlink link; readlink dangling', 'a\n../nowhere');
  await unlink(at(project, 'src/link'));
  await symlink('old', at(project, 'src/link'));
  await shows(project, 'readlink /app/src/link', 'old');
  await unlink(at(project, 'src/link'));
  await writeFile(at(project, 'src/link'), 'no link any more');
  await shows(project, 'cat /app/src/link', 'no link any more');
});

story('modes follow, though no byte changed', async ({ project }) => {
  await chmod(at(project, 'src/a'), 0o750);
  await shows(project, 'stat -c %a /app/src/a', '750');
  await chmod(at(project, 'src/a'), 0o644);
  await shows(project, 'stat -c %a /app/src/a', '644');
});

story('folders are made, renamed, emptied and turned into files', async ({ project }) => {
  await mkdir(at(project, 'src/empty'));
  await rename(at(project, 'src/old'), at(project, 'src/new'));
  await shows(project, 'cd /app/src; find . -type d | sort', '.\n./empty\n./new\n./new/deep');
  await rm(at(project, 'src/new'), { recursive: true });
  await writeFile(at(project, 'src/new'), 'a file\n');
  await shows(project, 'cat /app/src/new; ls /app/src/empty', 'a file');
  await unlink(at(project, 'src/new'));
  await mkdir(at(project, 'src/new'));
  await writeFile(at(project, 'src/new/y'), 'y\n');
  await shows(project, 'cat /app/src/new/y', 'y');
});

/** What `strace` shows of a save. */
const editors: Readonly<Record<string, (file: string, text: string) => Promise<void>>> = {
  'vim (a backup by renaming)': async (file, text) => {
    await writeFile(path.join(path.dirname(file), '4913'), '');
    await unlink(path.join(path.dirname(file), '4913'));
    await rename(file, `${file}~`);
    await writeFile(file, text);
    await unlink(`${file}~`);
  },
  'emacs (a lock that is a link, a backup)': async (file, text) => {
    const lock = path.join(path.dirname(file), `.#${path.basename(file)}`);
    await symlink('me@host.1:1', lock);
    await rename(file, `${file}~`);
    await writeFile(file, text);
    await unlink(lock);
  },
  'VS Code (in place)': (file, text) => writeFile(file, text),
  'JetBrains (a new one in its place)': async (file, text) => {
    await writeFile(`${file}___jb_tmp___`, text);
    await rename(file, `${file}___jb_old___`);
    await rename(`${file}___jb_tmp___`, file);
    await unlink(`${file}___jb_old___`);
  },
  'sed -i': async (file, text) => {
    const made = path.join(path.dirname(file), 'sedAbC123');
    await writeFile(made, text);
    await rename(made, file);
  },
};

for (const [name, save] of Object.entries(editors))
  story(`a save of ${name} leaves the file alone in the container`, async ({ project }) => {
    const before = await inApi(project, 'ls -a /app/src');
    await save(at(project, 'src/a'), `saved by ${name}\n`);
    await shows(project, 'cat /app/src/a', `saved by ${name}`);
    await shows(project, 'ls -a /app/src', before);
    await rm(`${at(project, 'src/a')}~`, { force: true });
  });

story('a file that is written again and again ends as its last content', async ({ project }) => {
  const large = (round: number) => `${round} `.repeat(200_000);
  for (let round = 0; round < 30; round += 1) await writeFile(at(project, 'src/busy'), large(round));
  const { stdout } = await promisify(execFile)('md5sum', [at(project, 'src/busy')]);
  await shows(project, 'md5sum < /app/src/busy', `${stdout.split(' ')[0]}  -`);
});

story('a checkout of 5,000 files is one batch, there and back', async ({ project, run }) => {
  await git(project, 'init', '-q', '-b', 'main');
  await git(project, 'add', '.');
  await git(project, 'commit', '-q', '-m', 'few');
  await git(project, 'checkout', '-q', '-b', 'many');
  for (let folder = 0; folder < 50; folder += 1) {
    await mkdir(at(project, `src/many/${folder}`), { recursive: true });
    await Promise.all(
      Array.from({ length: 100 }, (_, file) => writeFile(at(project, `src/many/${folder}/${file}`), `${file}`)),
    );
  }
  await git(project, 'add', '.');
  await git(project, 'commit', '-q', '-m', 'many');
  await shows(project, 'find /app/src/many -type f | wc -l', '5000');
  let said = run.output().length;
  await git(project, 'checkout', '-q', 'main');
  await shows(project, 'ls -d /app/src/many 2>/dev/null | wc -l', '0');
  await eventually('told', async () => /deleted/.test(run.output().slice(said)));
  said = run.output().length;
  await git(project, 'checkout', '-q', 'many');
  await shows(project, 'find /app/src/many -type f | wc -l; cat /app/src/many/49/99', '5000\n99');
  await eventually('told', async () => /synced \d+/.test(run.output().slice(said)));
  const told =
    run
      .output()
      .slice(said)
      .match(/^watch api: .*$/gm) ?? [];
  assert.is(told.length, 1, told.join('\n'));
  assert.match(told[0]!, /synced 505[01] files/, 'the files and their folders');
});

story('what happens while a container is stopped is there when it starts', async ({ project }) => {
  assert.is((await project.devenv('stop', '-t', '1', 'api')).code, 0);
  await writeFile(at(project, 'src/away'), 'away\n');
  await unlink(at(project, 'src/stale'));
  await eventually('the watcher had its time', async () => (await lstat(at(project, 'src/away'))).isFile());
  assert.is((await project.devenv('start', 'api')).code, 0);
  await shows(project, 'cat /app/src/away; ls /app/src/stale 2>/dev/null', 'away');
});

story('a container that is made anew of the old image has the files of today', async ({ project }) => {
  await shows(project, 'ls /app/src/old 2>/dev/null', '');
  const { code, output } = await project.devenv('up', '--detach', '--force-recreate', '--no-build');
  assert.is(code, 0, output);
  await shows(project, 'cat /app/src/away; ls -d /app/src/stale /app/src/old 2>/dev/null', 'away');
  await shows(project, 'readlink /app/src/dangling', await readlink(at(project, 'src/dangling')));
});

story('what was made, changed and deleted while nothing watched is brought over', async (context) => {
  const { project, run } = context;
  run.kill('SIGKILL');
  await run.done;
  await rm(at(project, 'src/away'));
  await rm(at(project, 'src/many'), { recursive: true, force: true });
  await writeFile(at(project, 'src/a'), 'in between\n');
  await writeFile(at(project, 'src/fresh'), 'fresh\n');
  context.run = await watch(project, 'watch', '--no-up');
  await shows(project, 'cd /app/src; cat a fresh; ls -d away many 2>/dev/null', 'in between\nfresh');
});

story('of what include names, and ignore does not, all comes; nothing else does', async ({ project }) => {
  await project.write({
    'chosen/a.js': 'a',
    'chosen/a.test.js': 'test',
    'chosen/a.css': 'css',
    'chosen/lib/deep/b.txt': 'b',
    'chosen/lib/b.test.js': 'test',
    'chosen/other/c.js': 'c',
  });
  await shows(project, 'cd /chosen; find . -type f | sort', './a.js\n./lib/deep/b.txt');
  await rename(at(project, 'chosen/a.css'), at(project, 'chosen/b.js'));
  await rename(at(project, 'chosen/a.js'), at(project, 'chosen/a.css'));
  await shows(project, 'cd /chosen; find . -type f | sort; cat b.js', './b.js\n./lib/deep/b.txt\ncss');
});

story('what .dockerignore names, and .git, stay on the host', async ({ project }) => {
  await mkdir(at(project, 'src/secret'));
  await mkdir(at(project, 'src/node_modules/m'), { recursive: true });
  await writeFile(at(project, 'src/secret/key'), 'key');
  await writeFile(at(project, 'src/node_modules/m/index.js'), '');
  await writeFile(at(project, 'src/last'), 'last\n');
  await shows(project, 'cd /app/src; cat last; ls -d secret node_modules 2>/dev/null', 'last');
});

story.run();
