import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '../../../../src/flows/session.js';
import { KnownFiles } from '../../../../src/flows/watch/known-files.js';
import { parseIgnorePatterns } from '../../../../src/model/ignore-patterns.js';
import type { Project } from '../../../../src/model/project.js';
import type { WatchRule } from '../../../../src/watch/types.js';

const knowing = suite<{ folder: string; read: () => Promise<KnownFiles>; rule: WatchRule }>('known files');

knowing.before.each((context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'known-files-'));
  const session = { world: { env: { DEVENV_HOME: path.join(folder, 'home') }, uid: 0 } } as unknown as Session;
  const project = { name: 'p', workingDir: folder } as Project;
  mkdirSync(path.join(folder, 'src/a'), { recursive: true });
  writeFileSync(path.join(folder, 'src/a/x'), '');
  Object.assign(context, {
    folder,
    read: () => KnownFiles.read(session, project),
    rule: {
      service: 'web',
      action: 'sync',
      path: path.join(folder, 'src'),
      target: '/app',
      ignore: parseIgnorePatterns(''),
      include: undefined,
      initialSync: false,
      exec: undefined,
      derived: false,
    } satisfies WatchRule,
  });
});
knowing.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const files = (folder: string) => [path.join(folder, 'src/a'), path.join(folder, 'src/a/x')];

knowing('what is gone, also where its folder has become a file', async ({ folder, read, rule }) => {
  const known = await read();
  known.note('web', 'image', files(folder));
  await known.save();
  rmSync(path.join(folder, 'src/a'), { recursive: true });
  writeFileSync(path.join(folder, 'src/a'), 'a file');
  assert.equal([...(await read()).gone('web', 'image', [rule])], ['/app/a/x']);
});

knowing('several saves at once end as one whole file, and leave nothing else', async ({ folder, read }) => {
  const [one, other] = [await read(), await read()];
  for (const known of [one, other]) known.note('web', 'image', files(folder));
  await Promise.all([one.save(), one.save(), other.save(), other.save()]);
  assert.is((await read()).mayHave('web', files(folder)[1]!), true);
  const [project] = await readdir(path.join(folder, 'home/projects'));
  assert.equal(await readdir(path.join(folder, 'home/projects', project!)), ['watched.json']);
});

knowing('a damaged file is none', async ({ folder, read, rule }) => {
  const known = await read();
  known.note('web', 'image', files(folder));
  await known.save();
  const [project] = await readdir(path.join(folder, 'home/projects'));
  writeFileSync(path.join(folder, 'home/projects', project!, 'watched.json'), '');
  await unlink(path.join(folder, 'src/a/x'));
  assert.is((await read()).gone('web', 'image', [rule]).size, 0);
});

knowing.run();
