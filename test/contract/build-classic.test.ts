/** What the classic builder's clients are told of a build, line by line; BuildKit's have suites of their own. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarOf } from '../support/tar.js';

const classic = suite('builds as the classic builder tells them');
const unique = `${process.pid}-${Date.now()}`;
let engine: TestEngine;

classic.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
classic.after(async () => {
  await engine.request('DELETE', '/images/contract-classic:1?force=1');
  await engine.stop();
});

interface Told {
  readonly status: number;
  /** With short ids as ID. */
  readonly said: string;
  readonly last: { readonly error?: string; readonly errorDetail?: object };
}

async function build(Dockerfile: string, query = ''): Promise<Told> {
  const context = await tarOf({ Dockerfile, data: 'x' });
  const type = { 'content-type': 'application/x-tar' };
  const { status, text } = await engine.request('POST', `/build?forcerm=1&${query}`, context, type);
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => JSON.parse(line));
  const said = lines.map(({ stream }) => stream ?? '').join('');
  return { status, said, last: lines.at(-1) };
}

const withoutIds = (said: string) => said.replace(/\b[0-9a-f]{12}\b/g, 'ID');

classic('steps come in the order of the file, with their containers, and the last leaves the image', async () => {
  const { said } = await build(
    `FROM ${busyboxImage} AS first\nRUN sleep 0.3; echo ${unique}; sleep 0.3; echo wrong >&2\nFROM ${busyboxImage}\nCOPY --from=first /bin/true /copied\nCOPY data /data\n`,
    'nocache=1&t=contract-classic:1',
  );
  assert.is(
    withoutIds(said),
    `Step 1/5 : FROM ${busyboxImage} AS first
 ---> ID
Step 2/5 : RUN sleep 0.3; echo ${unique}; sleep 0.3; echo wrong >&2
 ---> Running in ID
${unique}
\u001b[91mwrong
\u001b[0m ---> Removed intermediate container ID
 ---> ID
Step 3/5 : FROM ${busyboxImage}
 ---> ID
Step 4/5 : COPY --from=first /bin/true /copied
 ---> ID
Step 5/5 : COPY data /data
 ---> ID
Successfully built ID
Successfully tagged contract-classic:1
`,
  );
  const [, ran, removed] = /Running in (\w+)[\s\S]*intermediate container (\w+)/.exec(said)!;
  assert.is(ran, removed);
  const [, left, built] = / ---> (\w+)\nSuccessfully built (\w+)/.exec(said)!;
  assert.is(left, built);
});

const failures: readonly (readonly [name: string, dockerfile: string, detail: object])[] = [
  [
    'a command that fails',
    `FROM ${busyboxImage}\nRUN exit 3\n`,
    { code: 3, message: `The command '/bin/sh -c exit 3' returned a non-zero code: 3` },
  ],
  [
    'a file that is not in the context',
    `FROM ${busyboxImage}\nCOPY data nothing /x/\n`,
    {
      message:
        'COPY failed: file not found in build context or excluded by .dockerignore: stat nothing: file does not exist',
    },
  ],
  [
    'a file that is not in a stage',
    `FROM ${busyboxImage} AS a\nFROM ${busyboxImage}\nCOPY --from=a /nothing /x\n`,
    { message: 'COPY failed: stat nothing: file does not exist' },
  ],
];

for (const [name, dockerfile, detail] of failures)
  classic(`${name} is told in one sentence, behind the step`, async () => {
    const { said, last } = await build(dockerfile);
    assert.equal(last.errorDetail, detail);
    const instructions = dockerfile.trim().split('\n');
    const steps = [...said.matchAll(/^Step \d+\/\d+ : .*$/gm)].map(([step]) => step);
    assert.equal(
      steps,
      instructions.map((text, at) => `Step ${at + 1}/${instructions.length} : ${text}`),
    );
  });

classic('a Dockerfile that cannot be read is refused without a line of it', async () => {
  const { status, last } = await build(`FROM ${busyboxImage}\nFOO bar\n`);
  assert.is(status, 400);
  assert.equal(last, { message: 'dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)' });
});

classic('a quiet build tells the id alone, and everything when it fails', async () => {
  const { said } = await build(`FROM ${busyboxImage}\nLABEL quiet=${unique}\n`, 'q=1&t=contract-classic:1');
  assert.match(said, /^sha256:[0-9a-f]{64}\n$/);
  const failed = await build(`FROM ${busyboxImage}\nRUN echo heard; exit 1\n`, 'q=1');
  assert.match(
    failed.said,
    /^Step 1\/2 .*\n ---> .*\nStep 2\/2 .*\n ---> Running in .*\nheard\n ---> Removed intermediate container .*\n$/,
  );
  assert.ok(failed.last.error);
});

classic.run();
