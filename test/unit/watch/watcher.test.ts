import { execFile } from 'node:child_process';
import { closeSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchFiles } from '../../../src/watch/watcher.js';
import { eventually } from '../../support/project.js';

const watcher = suite<{ folder: string }>('watcher');

watcher.before.each(async (context) => {
  context.folder = await mkdtemp(path.join(tmpdir(), 'devenv-watcher-'));
});
watcher.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

/** Folders of ten files each. */
async function fill(folder: string, folders: number): Promise<void> {
  for (let at = 0; at < folders; at++) {
    await mkdir(path.join(folder, `${at}`));
    await Promise.all(Array.from({ length: 10 }, (_, file) => writeFile(path.join(folder, `${at}/${file}`), '')));
  }
}

interface Listening {
  /** Path below the folder → the last that was told of it. */
  readonly heard: Map<string, string>;
  readonly close: () => Promise<void>;
}

async function listen(folder: string, roots: readonly string[], ignores = (_file: string) => false) {
  const heard: Listening['heard'] = new Map();
  const watch = watchFiles({
    roots,
    ignores,
    onChange: ({ path: file, kind }) => heard.set(path.relative(folder, file), kind),
    onNotice: (text) => heard.set('notice', text),
  });
  await watch.ready;
  return { heard, close: () => watch.close() };
}

const tells = (heard: Listening['heard'], wanted: Readonly<Record<string, string>>) =>
  eventually(
    `${JSON.stringify(wanted)} was told`,
    async () => Object.entries(wanted).every(([file, kind]) => heard.get(file) === kind),
    5000,
  ).catch((error) => {
    throw new Error(`${error.message}; it told ${JSON.stringify([...heard])}`);
  });

watcher('what the kernel had no room to tell of is found all the same', async ({ folder }) => {
  await fill(folder, 20);
  await writeFile(path.join(folder, 'gone'), '');
  const { heard, close } = await listen(folder, [folder]);
  // Nothing reads the queue of 16,384 events meanwhile; equal ones in a row would be one.
  const files = ['0/0', '0/1'].map((name) => openSync(path.join(folder, name), 'a'));
  for (let round = 0; round < 20_000; round += 1) writeSync(files[round % 2]!, '.');
  for (const file of files) closeSync(file);
  writeFileSync(path.join(folder, '19/late'), '');
  unlinkSync(path.join(folder, 'gone'));
  await tells(heard, { '0/0': 'changed', '19/late': 'changed', gone: 'removed' });
  assert.is(heard.has('5/5'), false);
  await close();
});

watcher('what is ignored takes no watch of the kernel', async ({ folder }) => {
  for (const name of ['src/a', 'node_modules/b/c', 'node_modules/d'])
    await mkdir(path.join(folder, name), { recursive: true });
  const before = await inotifyWatches();
  const { close } = await listen(folder, [folder], (file) => file.includes('node_modules'));
  assert.is((await inotifyWatches()) - before, 4, 'the folder above, the folder, src and src/a');
  await mkdir(path.join(folder, 'node_modules/e'));
  await mkdir(path.join(folder, 'src/f'));
  await eventually('the new one is watched', async () => (await inotifyWatches()) - before === 5);
  await close();
});

/** Of this process, as the kernel counts them (proc(5), fdinfo). */
async function inotifyWatches(): Promise<number> {
  let count = 0;
  for (const name of await readdir('/proc/self/fdinfo')) {
    const text = await readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '');
    count += text.split('\n').filter((line) => line.startsWith('inotify ')).length;
  }
  return count;
}

/** What a user namespace may watch is its own setting, so that the machine's stays as it is (namespaces(7), `user/`). */
const inPoorNamespace = (script: string) => [
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  `echo 3 > /proc/sys/user/max_inotify_watches && exec "$0" --input-type=module -e "$1"`,
  process.execPath,
  script,
];

for (const folders of [20, 250])
  watcher(`past the limit of inotify it says the setting and polls (${folders * 10} files)`, async ({ folder }) => {
    await fill(folder, folders);
    const script = `
import { watchFiles } from ${JSON.stringify(new URL('../../../src/watch/watcher.js', import.meta.url).href)};
import { writeFileSync } from 'node:fs';
const file = ${JSON.stringify(path.join(folder, '7/7'))};
const watch = watchFiles({
  roots: [${JSON.stringify(folder)}],
  ignores: () => false,
  onChange: (change) => { if (change.path === file) { console.log('seen'); process.exit(0); } },
  onNotice: (text) => console.log(text),
});
await watch.ready;
let round = 0;
setInterval(() => writeFileSync(file, 'round ' + round++), 700);
`;
    const probe = await promisify(execFile)('unshare', ['--user', '--map-root-user', 'true']).catch(() => undefined);
    if (probe === undefined) return; // this machine makes no user namespaces
    const { stdout } = await promisify(execFile)('unshare', inPoorNamespace(script), { timeout: 20_000 });
    assert.match(stdout, 'sudo sysctl fs.inotify.max_user_watches=524288 mends it');
    assert.is(stdout.match(/no inotify watches left/g)?.length, 1);
    assert.match(stdout, /seen\n$/);
  });

watcher.run();
