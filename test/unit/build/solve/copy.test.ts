/** What COPY and ADD put where, as a real Docker with BuildKit did with the same Dockerfiles. */
import { chmod, link, mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openWorkbench, rejection, type Workbench, writeFiles } from '../workbench.js';

const copying = suite('copying');

const PASSWD = 'root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n';

/** The context of all cases. */
async function bench(more: Parameters<typeof openWorkbench>[0] = {}): Promise<Workbench> {
  const made = await openWorkbench(more);
  await made.image('base:1', {
    'etc/passwd': PASSWD,
    'etc/group': 'grp:x:2000:\n',
    'ex/in/old': '',
    'full/c.txt/x': '',
  });
  await made.write({ 'a.txt': 'a', 'b.txt': 'b', 'dir/c.txt': 'c', 'dir/sub/d.txt': 'd', 'x/f': 'x', 'y/f': 'y' });
  await chmod(join(made.context, 'dir'), 0o700);
  await chmod(join(made.context, 'dir/c.txt'), 0o600);
  await symlink('a.txt', join(made.context, 'link'));
  await symlink('dir', join(made.context, 'dlink'));
  await link(join(made.context, 'dir/c.txt'), join(made.context, 'dir/hard'));
  await utimes(join(made.context, 'a.txt'), 1e9, 1e9);
  return made;
}

/** The last layer, one line a path: `mode uid:gid path`, with `-> target` for links. */
async function layerOf(it: Workbench, dockerfile: string): Promise<string[]> {
  const image = await it.build(dockerfile);
  return Object.entries(it.layer(image, -1)).map(([path, { type, mode, uid, gid, linkname }]) => {
    const slash = type === 'directory' ? '/' : '';
    const target = linkname === undefined ? '' : ` ${type === 'link' ? '=' : '->'} ${linkname}`;
    return `${mode.toString(8)} ${uid}:${gid} ${path}${slash}${target}`;
  });
}

const cases: readonly { readonly why: string; readonly text: string; readonly lines: readonly string[] }[] = [
  { why: 'a file takes the name of its destination', text: 'COPY a.txt /b', lines: ['644 0:0 b'] },
  {
    why: 'with a closing slash it goes into the folder',
    text: 'COPY a.txt /b/',
    lines: ['755 0:0 b/', '644 0:0 b/a.txt'],
  },
  {
    why: 'so it does when the folder is there',
    text: 'COPY a.txt /ex/in',
    lines: ['755 0:0 ex/', '755 0:0 ex/in/', '644 0:0 ex/in/a.txt'],
  },
  {
    why: "a folder gives its contents, and a new folder does not take the source's mode",
    text: 'COPY dir /e/f',
    lines: [
      '755 0:0 e/',
      '755 0:0 e/f/',
      '600 0:0 e/f/c.txt',
      '600 0:0 e/f/hard = e/f/c.txt',
      '755 0:0 e/f/sub/',
      '644 0:0 e/f/sub/d.txt',
    ],
  },
  {
    why: 'several files without a closing slash overwrite each other',
    text: 'COPY a.txt b.txt /i',
    lines: ['644 0:0 i'],
  },
  {
    why: 'wildcards take files and the contents of folders, each on its own',
    text: 'COPY d*/* /w/',
    lines: ['755 0:0 w/', '600 0:0 w/c.txt', '644 0:0 w/d.txt', '600 0:0 w/hard'],
  },
  { why: 'a wildcard that matches nothing copies nothing', text: 'COPY nope* /i/', lines: [] },
  { why: 'links among sources are followed', text: 'COPY link /h/', lines: ['755 0:0 h/', '644 0:0 h/link'] },
  { why: '.. stops at the context', text: 'COPY ../../a.txt /i', lines: ['644 0:0 i'] },
  { why: 'a number is its own group', text: 'COPY --chown=55 a.txt /i', lines: ['644 55:55 i'] },
  {
    why: 'a user brings its group, for new folders too',
    text: 'COPY --chown=app a.txt /n/i',
    lines: ['755 1000:1001 n/', '644 1000:1001 n/i'],
  },
  { why: 'a group by name', text: 'COPY --chown=app:grp a.txt /i', lines: ['644 1000:2000 i'] },
  { why: 'a group alone', text: 'COPY --chown=:grp a.txt /i', lines: ['644 0:2000 i'] },
  { why: 'chmod reaches folders', text: 'COPY --chmod=640 x /i', lines: ['640 0:0 i/', '640 0:0 i/f'] },
  { why: 'symbolic chmod', text: 'COPY --chmod=go-r,u+x a.txt /i', lines: ['700 0:0 i'] },
  {
    why: 'excludes count from each folder, not for files named themselves',
    text: 'COPY --exclude=*.txt a.txt dir /q/',
    lines: ['755 0:0 q/', '644 0:0 q/a.txt', '600 0:0 q/hard', '755 0:0 q/sub/', '644 0:0 q/sub/d.txt'],
  },
  {
    why: 'parents keeps folders, after the pivot where there is one',
    text: 'COPY --parents x/f ./y/f dir/./sub/*.txt /p/',
    lines: [
      '755 0:0 p/',
      '755 0:0 p/sub/',
      '644 0:0 p/sub/d.txt',
      '755 0:0 p/x/',
      '644 0:0 p/x/f',
      '755 0:0 p/y/',
      '644 0:0 p/y/f',
    ],
  },
  {
    why: 'parents knows any number of folders',
    text: 'COPY --parents **/d.txt /p/',
    lines: ['755 0:0 p/', '700 0:0 p/dir/', '755 0:0 p/dir/sub/', '644 0:0 p/dir/sub/d.txt'],
  },
  {
    why: 'heredocs are files, expanded unless quoted',
    text: 'COPY <<A <<"B" b.txt /h/\n$X\nA\n$X\nB',
    lines: ['755 0:0 h/', '644 0:0 h/A', '644 0:0 h/B', '644 0:0 h/b.txt'],
  },
  {
    why: 'WORKDIR is where relative destinations start',
    text: 'WORKDIR /ex\nCOPY a.txt .',
    lines: ['755 0:0 ex/', '644 0:0 ex/a.txt'],
  },
  {
    why: 'WORKDIR makes missing folders, owned by the user',
    text: 'USER app\nWORKDIR /ex/n/m',
    lines: ['755 0:0 ex/', '755 1000:1001 ex/n/', '755 1000:1001 ex/n/m/'],
  },
  { why: 'WORKDIR of a folder that is there is an empty layer', text: 'WORKDIR /ex', lines: [] },
  { why: 'JSON form takes blanks', text: 'COPY ["a.txt", "/with blank"]', lines: ['644 0:0 with blank'] },
];
for (const { why, text, lines } of cases) {
  copying(why, async () => {
    const it = await bench();
    assert.equal(await layerOf(it, `FROM base:1\nARG X=v\n${text}\n`), lines);
    await it.close();
  });
}

copying('files keep their times', async () => {
  const it = await bench();
  const image = await it.build('FROM base:1\nCOPY a.txt /a\n');
  assert.is(it.layer(image, -1).a!.mtime, 1e12);
  await it.close();
});

const HEREDOC = 'FROM base:1\nARG V=val\nCOPY <<-E /f\n\t"$V" \'$V\' \\$V ${NONE:-x}\nE\n';

copying('heredocs fill in variables, a backslash protects', async () => {
  const it = await bench();
  const image = await it.build(HEREDOC);
  assert.is(it.layer(image, -1).f!.text, '"val" \'val\' $V x\n');
  await it.close();
});

copying("a file and a folder do not take each other's place", async () => {
  const it = await bench();
  assert.match(
    (await rejection(it.build('FROM base:1\nCOPY dir /full/\n'))).message,
    /cannot replace to directory \/full\/c.txt with file$/,
  );
  assert.match(
    (await rejection(it.build('FROM base:1\nCOPY dir /etc/passwd/\n'))).message,
    /cannot copy to non-directory: \/etc\/passwd$/,
  );
  await it.close();
});

copying('links of the image lead inside the image', async () => {
  const it = await bench();
  const linked = await it.build('FROM base:1\nCOPY x /real/\n', { tags: ['linked:1'] });
  const layer = join(it.home, 'layers', linked.chainIds.at(-1)!.slice(7));
  await symlink('/real', join(layer, 'ln'));
  await symlink('../../../real/target', join(layer, 'lf'));
  assert.equal(await layerOf(it, 'FROM linked:1\nCOPY a.txt /ln/\n'), ['755 0:0 real/', '644 0:0 real/a.txt']);
  assert.equal(await layerOf(it, 'FROM linked:1\nCOPY a.txt /lf\n'), ['755 0:0 real/', '644 0:0 real/target']);
  await it.close();
});

copying('an ignore file hides, and its exceptions bring back with their folders', async () => {
  const it = await bench();
  await it.write({ '.dockerignore': '*\n!dir/sub\n!b.txt\n' });
  assert.equal(await layerOf(it, 'FROM base:1\nCOPY . /o/\n'), [
    '755 0:0 o/',
    '644 0:0 o/b.txt',
    '700 0:0 o/dir/',
    '755 0:0 o/dir/sub/',
    '644 0:0 o/dir/sub/d.txt',
  ]);
  await it.close();
});

copying("a Dockerfile's own ignore file goes before the general one", async () => {
  const it = await bench();
  await it.write({
    '.dockerignore': 'x\n',
    'sub.Dockerfile.dockerignore': 'y\n',
    'sub.Dockerfile': 'FROM base:1\nCOPY x /x\n',
  });
  await it.build('', { dockerfile: { path: 'sub.Dockerfile' } });
  await it.close();
});

copying('nothing outside of the context can be named through its links', async () => {
  const it = await bench();
  await symlink('/etc', join(it.context, 'out'));
  await symlink('../../../../etc/hostname', join(it.context, 'up'));
  assert.match(
    (await rejection(it.build('FROM base:1\nCOPY out/hostname /h\n'))).message,
    /"\/out\/hostname": not found/,
  );
  assert.match((await rejection(it.build('FROM base:1\nCOPY up /h\n'))).message, /"\/up": not found/);
  await it.close();
});

copying('a named context is read with --from', async () => {
  const it = await bench();
  const other = join(it.home, 'other');
  await mkdir(other);
  await writeFiles(other, { o: 'other' });
  const image = await it.build('FROM base:1\nCOPY --from=more o /o\n', { contexts: { more: other } });
  assert.is(it.layer(image, -1).o!.text, 'other');
  await it.close();
});

copying('ADD takes a file of a URL, its time and its checksum', async () => {
  const it = await bench({
    fetch: async () => ({
      body: Readable.from([Buffer.from('got')]),
      lastModified: new Date(5e8),
      fileName: undefined,
    }),
  });
  const digest = 'b00b4b2a3a3ffb5ba4bb4aad3d4c1a7e7dfe1a3e1b9e0f3a9c5b4e0f5b7d5f1e';
  const image = await it.build('FROM base:1\nADD https://host/p/file.bin /d/\n');
  const file = it.layer(image, -1)['d/file.bin']!;
  assert.equal([file.text, file.mode, file.mtime], ['got', 0o600, 5e8]);
  const error = await rejection(it.build(`FROM base:1\nADD --checksum=sha256:${digest} https://host/p/file.bin /d/\n`));
  assert.match(error.message, /digest mismatch sha256:[0-9a-f]{64}: sha256:b00b/);
  assert.match(
    (await rejection(it.build(`FROM base:1\nADD --checksum=sha256:${digest} a.txt /d/\n`))).message,
    /checksum requires HTTP/,
  );
  await it.close();
});

copying('a user that the image does not have is root, with a warning', async () => {
  const it = await bench();
  assert.equal(await layerOf(it, 'FROM base:1\nCOPY --chown=nobody2 a.txt /i\n'), ['644 0:0 i']);
  assert.ok(it.events.some((event) => event.kind === 'warning' && /no "nobody2"/.test(event.text)));
  await it.close();
});

copying('a folder has its source’s time until something else is put into it', async () => {
  const it = await bench();
  const old = 1_000_000_000;
  for (const path of ['a.txt', 'dir/c.txt', 'dir/sub', 'dir']) await utimes(join(it.context, path), old, old);
  const times = async (instruction: string) => {
    const layer = it.layer(await it.build(`FROM base:1\n${instruction}\n`), -1);
    return Object.entries(layer).map(([path, { mtime }]) => `${path} ${mtime === old * 1000 ? 'old' : 'new'}`);
  };
  assert.equal((await times('COPY dir /d')).slice(0, 2), ['d old', 'd/c.txt old']);
  assert.equal(await times('COPY dir/sub a.txt /d/'), ['d new', 'd/a.txt old', 'd/d.txt new']);
  assert.equal(await times('COPY a.txt /ex/in/'), ['ex new', 'ex/in new', 'ex/in/a.txt old']);
  await it.close();
});

copying.run();
