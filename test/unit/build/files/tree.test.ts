import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderTree } from '../../../../runtime/build/files/tree.js';

const trees = suite<{ folder: string }>('folders of this machine as trees');

trees.before.each((context) => {
  context.folder = mkdtempSync(path.join(tmpdir(), 'tree-'));
});
trees.after.each(({ folder }) => rmSync(folder, { recursive: true }));

trees('names are told in order, also one with a replacement character of its own', async ({ folder }) => {
  for (const name of ['b', 'a\uFFFD', 'ü']) writeFileSync(path.join(folder, name), '');
  assert.equal(await new FolderTree(folder).names(''), ['a\uFFFD', 'b', 'ü']);
});

trees('a name that is not UTF-8 is refused, and not left out', async ({ folder }) => {
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), '');
  const said = await new FolderTree(folder).names('').catch((error: Error) => error.message);
  assert.is(said, 'the name of "/café" (shown as Latin-1) is not UTF-8: a build cannot copy it');
});

trees.run();
