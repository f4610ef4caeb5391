import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tar from 'tar-stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BuildContext, openContext } from '../../../src/apply/build-context.js';
import type { Build } from '../../../src/model/project.js';

const context = suite('apply build context');

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'devenv-context-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const open = (build: Build) => openContext(build, () => undefined, 'web');

async function entries({ tar: stream }: BuildContext): Promise<Record<string, tar.Header & { text: string }>> {
  const extract = tar.extract();
  stream.pipe(extract as unknown as NodeJS.WritableStream);
  const found: Record<string, tar.Header & { text: string }> = {};
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found[entry.header.name] = { ...entry.header, text: Buffer.concat(chunks).toString() };
  }
  return found;
}

context('holds files, folders, links and modes, owned by root', async () => {
  const root = tree({ Dockerfile: 'FROM x', 'src/run.sh': 'echo', big: 'x'.repeat(200_000) });
  chmodSync(path.join(root, 'src/run.sh'), 0o755);
  symlinkSync('src/run.sh', path.join(root, 'link'));
  const found = await entries(await open({ context: root }));
  assert.equal(Object.keys(found), ['Dockerfile', 'big', 'link', 'src/', 'src/run.sh']);
  assert.is(found['src/run.sh']!.mode, 0o755);
  assert.is(found.big!.text.length, 200_000);
  assert.equal([found.link!.type, found.link!.linkname, found.link!.uid], ['symlink', 'src/run.sh', 0]);
  rmSync(root, { recursive: true });
});

context('leaves out what .dockerignore names, but never the Dockerfile and the ignore file', async () => {
  const root = tree({
    Dockerfile: 'FROM x',
    '.dockerignore': '*\n!src\nsrc/no',
    'src/yes': '1',
    'src/no': '2',
    other: '3',
  });
  const { dockerfile, ...rest } = await open({ context: root });
  assert.is(dockerfile, 'Dockerfile');
  assert.equal(Object.keys(await entries({ dockerfile, ...rest })), ['.dockerignore', 'Dockerfile', 'src/', 'src/yes']);
  rmSync(root, { recursive: true });
});

context("prefers the Dockerfile's own ignore file", async () => {
  const root = tree({ 'a.Dockerfile': 'FROM x', '.dockerignore': 'a', 'a.Dockerfile.dockerignore': 'b', a: '', b: '' });
  const found = await entries(await open({ context: root, dockerfile: 'a.Dockerfile' }));
  assert.ok(found.a && !found.b);
  rmSync(root, { recursive: true });
});

context('brings a Dockerfile that is inline or outside', async () => {
  const root = tree({ 'ctx/a': '', 'Dockerfile.out': 'FROM out' });
  const inline = await open({ context: path.join(root, 'ctx'), dockerfile_inline: 'FROM inline' });
  assert.is((await entries(inline))[inline.dockerfile]!.text, 'FROM inline');
  const outside = await open({ context: path.join(root, 'ctx'), dockerfile: '../Dockerfile.out' });
  assert.is((await entries(outside))[outside.dockerfile]!.text, 'FROM out');
  rmSync(root, { recursive: true });
});

context('names what is missing', async () => {
  const root = tree({ a: '' });
  const sentence = async (build: Build) => {
    try {
      await open(build);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.match(await sentence({ context: path.join(root, 'no') }), /path .*no" not found/);
  assert.match(await sentence({ context: root }), /failed to read dockerfile: open .*Dockerfile: no such file/);
  rmSync(root, { recursive: true });
});

context.run();
