/** What every way of watching tells of. */
import { chmod, mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { watchByChokidar } from '../../../src/watch/chokidar-watcher.js';
import { watchDirectories } from '../../../src/watch/directory-watcher.js';
import type { FileWatcher, FileWatcherOptions } from '../../../src/watch/types.js';
import { eventually } from '../../support/project.js';

type Watch = (options: FileWatcherOptions) => FileWatcher;

const fail = (error: Error) => {
  throw error;
};
const ways: Readonly<Record<string, Watch>> = {
  'inotify on folders': (options) => watchDirectories(options, fail),
  'chokidar, polling': (options) => watchByChokidar(options, 60, fail),
  chokidar: (options) => watchByChokidar(options, undefined, fail),
};

const watching = suite<{ folder: string }>('ways of watching');

watching.before.each(async (context) => {
  context.folder = await mkdtemp(path.join(tmpdir(), 'devenv-watching-'));
});
watching.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

/** Path below the folder → the last that was told of it. */
type Heard = Map<string, string>;

async function listen(watchBy: Watch, folder: string, roots: readonly string[], ignores = (_file: string) => false) {
  const heard: Heard = new Map();
  const watch = watchBy({
    roots,
    ignores,
    onChange: ({ path: file, kind }) => heard.set(path.relative(folder, file), kind),
    onNotice: (text) => heard.set('notice', text),
  });
  await watch.ready;
  return { heard, close: () => watch.close() };
}

const tells = (heard: Heard, wanted: Readonly<Record<string, string>>) =>
  eventually(
    `${JSON.stringify(wanted)} was told`,
    async () => Object.entries(wanted).every(([file, kind]) => heard.get(file) === kind),
    5000,
  ).catch((error) => {
    throw new Error(`${error.message}; it told ${JSON.stringify([...heard])}`);
  });

for (const [by, watchBy] of Object.entries(ways)) {
  watching(`${by}: tells of new, changed and deleted files, not of ignored ones`, async ({ folder }) => {
    const at = (name: string) => path.join(folder, name);
    await mkdir(at('a'));
    for (const name of ['a/kept', 'a/changed', 'a/gone']) await writeFile(at(name), '');
    const ignores = (file: string) => file.endsWith('.tmp') || file.endsWith('/secret');
    const { heard, close } = await listen(watchBy, folder, [folder], ignores);
    await writeFile(at('a/changed'), 'changed');
    await mkdir(at('new/deep'), { recursive: true });
    await writeFile(at('new/deep/file'), '');
    await mkdir(at('secret'));
    await writeFile(at('secret/x'), '');
    await writeFile(at('a/x.tmp'), '');
    await rm(at('a/gone'));
    await tells(heard, { 'a/changed': 'changed', 'new/deep/file': 'changed', 'a/gone': 'removed' });
    assert.equal(
      [...heard.keys()].filter((file) => /tmp|secret|notice|kept/.test(file)),
      [],
    );
    await close();
  });

  watching(`${by}: tells of symbolic links that lead nowhere or elsewhere, and of modes`, async ({ folder }) => {
    await writeFile(path.join(folder, 'file'), '');
    await symlink('file', path.join(folder, 'link'));
    const { heard, close } = await listen(watchBy, folder, [folder]);
    await symlink('nothing', path.join(folder, 'dangling'));
    await unlink(path.join(folder, 'link'));
    await symlink('other', path.join(folder, 'link'));
    await chmod(path.join(folder, 'file'), 0o755);
    await tells(heard, { dangling: 'changed', link: 'changed', file: 'changed' });
    await close();
  });

  watching(`${by}: follows folders that are renamed, replaced, and made again`, async ({ folder }) => {
    const at = (name: string) => path.join(folder, name);
    await mkdir(at('src/old'), { recursive: true });
    await writeFile(at('src/old/a'), '');
    const { heard, close } = await listen(watchBy, folder, [at('src')]);
    await rename(at('src/old'), at('src/new'));
    await tells(heard, { 'src/old': 'removed', 'src/new': 'changed', 'src/new/a': 'changed' });
    heard.clear();
    await writeFile(at('src/new/b'), '');
    await tells(heard, { 'src/new/b': 'changed' });
    await rename(at('src'), at('away'));
    await mkdir(at('src'));
    await writeFile(at('src/c'), '');
    await tells(heard, { 'src/c': 'changed' });
    heard.clear();
    await writeFile(at('src/c'), 'again');
    await tells(heard, { 'src/c': 'changed' });
    await close();
  });

  watching(
    `${by}: a root in a root, one that comes later and one that is a link to a folder are watched`,
    async ({ folder }) => {
      const at = (name: string) => path.join(folder, name);
      await mkdir(at('app/deep'), { recursive: true });
      await mkdir(at('real'));
      await symlink('real', at('link'));
      const roots = [at('app/manifest'), at('app'), at('later/there'), at('link')];
      const { heard, close } = await listen(watchBy, folder, roots);
      await writeFile(at('app/manifest'), '');
      await writeFile(at('app/deep/x'), '');
      await writeFile(at('link/y'), '');
      await mkdir(at('later/there'), { recursive: true });
      await writeFile(at('later/there/z'), '');
      const wanted = { 'app/manifest': '', 'app/deep/x': '', 'link/y': '', 'later/there/z': '' };
      await tells(heard, Object.fromEntries(Object.keys(wanted).map((file) => [file, 'changed'])));
      await close();
    },
  );

  watching(
    `${by}: a file is told that takes a folder's name, the other way round, and with an older time`,
    async ({ folder }) => {
      const at = (name: string) => path.join(folder, name);
      await mkdir(at('folder'));
      for (const name of ['folder/in', 'file', 'restored']) await writeFile(at(name), '');
      const { heard, close } = await listen(watchBy, folder, [folder]);
      await rm(at('folder'), { recursive: true });
      await writeFile(at('folder'), '');
      await rm(at('file'));
      await mkdir(at('file'));
      await writeFile(at('file/in'), '');
      await writeFile(at('restored'), '');
      await utimes(at('restored'), 1, 1);
      await tells(heard, { folder: 'changed', 'file/in': 'changed', restored: 'changed' });
      heard.clear();
      await writeFile(at('folder'), 'again');
      await writeFile(at('file/in'), 'again');
      await tells(heard, { folder: 'changed', 'file/in': 'changed' });
      await close();
    },
  );

  watching(`${by}: a folder that is gone is one change, and so is a link that is`, async ({ folder }) => {
    const at = (name: string) => path.join(folder, name);
    await mkdir(at('away/deep'), { recursive: true });
    await writeFile(at('away/deep/file'), '');
    await symlink('nothing', at('link'));
    const { heard, close } = await listen(watchBy, folder, [folder]);
    await rename(at('away'), `${folder}-away`);
    await unlink(at('link'));
    await tells(heard, { away: 'removed', link: 'removed' });
    assert.equal([...heard.keys()].sort(), ['away', 'link']);
    await close();
    await rm(`${folder}-away`, { recursive: true });
  });
}

watching.run();
