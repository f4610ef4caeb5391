import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fetchGit } from '../../../runtime/build/git.js';
import type { GitSource } from '../../../runtime/build/git-source.js';

const test = suite('what is fetched of a git repository');
const folder = mkdtempSync(path.join(tmpdir(), 'fetch-git-'));
const repository = path.join(folder, 'repository');
const outside = path.join(folder, 'outside');

test.before(() => {
  mkdirSync(path.join(repository, 'sub'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(path.join(repository, 'sub', 'file'), 'one\n');
  symlinkSync(outside, path.join(repository, 'link'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'pipe' });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'one');
  git('tag', 'v1');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

let fetched = 0;
function fetch(source: Partial<GitSource>, keepGitDir = false) {
  fetched += 1;
  const directory = path.join(folder, `tree-${fetched}`);
  const run = async ([program = '', ...args]: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return { code: status ?? 1, stdout, stderr };
  };
  return fetchGit(run, { url: repository, ref: undefined, folder: '', ...source }, { directory, keepGitDir });
}

const sentence = (work: Promise<unknown>) => work.then(String, ({ message }: Error) => message);

test('the folder that was asked for, without the history', async () => {
  const whole = await fetch({ ref: 'refs/tags/v1' });
  assert.equal(readdirSync(whole.directory).sort(), ['link', 'sub']);
  const { directory } = await fetch({ folder: 'sub' });
  assert.is(readFileSync(path.join(directory, 'file'), 'utf8'), 'one\n');
  assert.ok(readdirSync((await fetch({}, true)).directory).includes('.git'));
});

test('a link in the way to the folder is refused', async () => {
  const why = (at: string) => `invalid subdir ${at}: git subpath "${at}" contains non-directory`;
  assert.is(await sentence(fetch({ folder: 'link' })), `${why('/link')} "link"`);
  assert.is(await sentence(fetch({ folder: 'sub/../link/x' })), `${why('/link/x')} "link"`);
  assert.is(await sentence(fetch({ folder: 'sub/file' })), `${why('/sub/file')} "sub/file"`);
});

test('what is not there is said in BuildKit’s words', async () => {
  const missing = 'invalid subdir /x: failed to lstat "x": statat x: no such file or directory';
  assert.is(await sentence(fetch({ folder: '../x' })), missing);
  const noRef = 'failed to load cache key: repository does not contain ref nope, output: ""';
  assert.is(await sentence(fetch({ ref: 'nope' })), noRef);
});

test('a commit that is not the one that was meant is refused', async () => {
  const { commit } = await fetch({});
  assert.is((await fetch({ checksum: commit.slice(0, 7) })).commit, commit);
  const refused = `failed to load cache key: expected checksum to match 00, got ${commit}`;
  assert.is(await sentence(fetch({ checksum: '00' })), refused);
});

test.run();
