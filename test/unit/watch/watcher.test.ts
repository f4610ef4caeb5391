import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

for (const [how, folders] of [
  ['chokidar', 5],
  ['folders alone', 250],
] as const)
  watcher(`tells of new, changed and deleted files, not of ignored ones (${how})`, async ({ folder }) => {
    await fill(folder, folders);
    const heard = new Map<string, string>();
    const watch = watchFiles({
      roots: [folder],
      ignores: (file) => file.endsWith('.tmp') || file.endsWith('/secret'),
      onChange: ({ path: file, kind }) => heard.set(path.relative(folder, file), kind),
      onNotice: (text) => heard.set('notice', text),
    });
    await watch.ready;
    try {
      await writeFile(path.join(folder, '1/1'), 'changed');
      await mkdir(path.join(folder, 'new/deep'), { recursive: true });
      await writeFile(path.join(folder, 'new/deep/file'), '');
      await mkdir(path.join(folder, 'secret'));
      await writeFile(path.join(folder, 'secret/x'), '');
      await writeFile(path.join(folder, '2/x.tmp'), '');
      await rm(path.join(folder, '3/3'));
      const wanted = { '1/1': 'changed', 'new/deep/file': 'changed', '3/3': 'removed' };
      await eventually('all heard', async () =>
        Object.entries(wanted).every(([file, kind]) => heard.get(file) === kind),
      );
      assert.equal(
        [...heard.keys()].filter((file) => /tmp|secret|notice/.test(file)),
        [],
      );
    } finally {
      await watch.close();
    }
  });

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
