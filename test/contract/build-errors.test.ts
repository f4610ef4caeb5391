/**
 * Builds every `test/fixtures/build/errors/NAME.Dockerfile`, none of which can be, and compares what is said with
 * `NAME.json` beside it: the lines that are pointed at, and the sentence. The goldens are BuildKit's: `UPDATE_GOLDEN=1
 * CONTRACT_ENGINE=unix:///…` writes them with the docker command, from a Docker that has buildx.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const fixtures = join(import.meta.dirname, '../../../test/fixtures/build/errors');
const update = Boolean(process.env.UPDATE_GOLDEN) && isOtherEngine;
const refusing = suite('mistakes in a Dockerfile, as BuildKit tells them');
let engine: TestEngine;

refusing.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
refusing.after(() => engine.stop());

for (const file of readdirSync(fixtures).filter((name) => name.endsWith('.Dockerfile'))) {
  const name = file.replace('.Dockerfile', '');
  refusing(name, async () => {
    const text = readFileSync(join(fixtures, file), 'utf8').replaceAll('bb:1', busyboxImage);
    const got = parse(await (isOtherEngine ? buildWithDocker(text) : build(text)));
    const golden = join(fixtures, `${name}.json`);
    if (update) writeFileSync(golden, `${JSON.stringify(got, undefined, 2)}\n`);
    assert.equal(got, JSON.parse(readFileSync(golden, 'utf8')));
  });
}

const context = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'dir/c.txt': 'c\n' };

/** The words of the failure, as our own command is told them: it names a folder and sends nothing. */
async function build(Dockerfile: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-errors-'));
  try {
    for (const [name, text] of Object.entries({ ...context, Dockerfile })) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const answer = await engine.request('POST', `/build?${new URLSearchParams({ localcontext: folder })}`);
    if (answer.status !== 200) return answer.json.message;
    const last = JSON.parse(answer.text.trim().split('\n').at(-1)!);
    assert.ok(last.error, answer.text);
    return last.error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildWithDocker(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-errors-'));
  try {
    await writeFile(join(folder, 'context.tar'), await tarOf({ ...context, Dockerfile: text }));
    await writeFile(join(folder, 'Dockerfile'), text);
    const command = `tar -xf context.tar && docker build --progress=plain .`;
    const env = { ...process.env, DOCKER_HOST: process.env.CONTRACT_ENGINE, DOCKER_BUILDKIT: '1' };
    return await new Promise((resolve, reject) => {
      execFile('sh', ['-c', command], { cwd: folder, env }, (error, _, stderr) =>
        error ? resolve(stderr) : reject(new Error('it was built')),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `   2 | >>> COPY x` → `2 COPY x`; the sentence is the last line. */
function parse(text: string): { readonly lines: string[]; readonly sentence: string } {
  const all = text.trim().split('\n');
  const marked = all.map((line) => /^ *(\d+) \| >>> ?(.*)$/.exec(line)).filter((found) => found !== null);
  const sentence = all.at(-1)!.replace(/^ERROR: failed to build: failed to solve: /, '');
  return { lines: [...new Set(marked.map(([, number, line]) => `${number} ${line}`.trim()))], sentence };
}

refusing.run();
