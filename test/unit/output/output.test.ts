import { PassThrough } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../../src/errors.js';
import type { Event } from '../../../src/model/event.js';
import type { Step } from '../../../src/model/plan.js';
import { createColors } from '../../../src/output/colors.js';
import { renderUserError } from '../../../src/output/error.js';
import { LogPrinter } from '../../../src/output/log-printer.js';
import { jsonEntry } from '../../../src/output/progress/json.js';
import { plainLine, plainProgress } from '../../../src/output/progress/plain.js';
import { ttyProgress } from '../../../src/output/progress/tty.js';
import { renderList, renderTable } from '../../../src/output/table.js';
import { createTerminal, type OutputStream } from '../../../src/output/terminal.js';

const output = suite('output');

function collect(more: object = {}) {
  const stream = Object.assign(new PassThrough(), more);
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream: stream as unknown as OutputStream, text: () => text };
}

output('aligns tables over cells with colours', () => {
  const { red } = createColors(true);
  assert.is(
    renderTable(
      ['A', 'B'],
      [
        [red('xyz'), '1'],
        ['x', '22'],
      ],
    ),
    `A     B\n${red('xyz')}   1\nx     22\n`,
  );
});

output('prints lists as a table, JSON, JSON lines and templates', () => {
  const rows = [{ Name: 'a', Size: 1, Ports: [80] }];
  const columns = [{ head: 'NAME', cell: (row: { Name: string }) => row.Name }];
  assert.is(renderList(rows, columns, 'table'), 'NAME\na\n');
  assert.is(renderList([], columns, 'table'), 'NAME\n');
  assert.is(renderList(rows, columns, 'json'), '[{"Name":"a","Size":1,"Ports":[80]}]\n');
  assert.is(renderList(rows, columns, 'json', 'lines'), '{"Name":"a","Size":1,"Ports":[80]}\n');
  assert.is(renderList(rows, columns, '{{.Name}}\\t{{ .Size }} {{json .Ports}}'), 'a\t1 [80]\n');
});

output('shows a mistake with its line, a marker and what to do', () => {
  const error = new UserError(
    'port-busy',
    'db wants host port 5432, but postgres (pid 812) has it.',
    ['Change services.db.ports.0'],
    {
      file: '/shop/devenv.yml',
      line: 2,
      column: 7,
    },
  );
  const text = renderUserError(
    error,
    () => ['ports:', '    - "5432"'],
    () => 'devenv.yml',
    createColors(false),
  );
  assert.fixture(
    text,
    `devenv.yml:2:7: db wants host port 5432, but postgres (pid 812) has it.
  2 |     - "5432"
    |       ^
  Change services.db.ports.0
`,
  );
});

output('keeps tabs before the marker and bears a file that is gone', () => {
  const error = new UserError('x', 'no', [], { file: 'f', line: 1, column: 3 });
  assert.match(
    renderUserError(
      error,
      () => ['\t\tkey'],
      (file) => file,
      createColors(false),
    ),
    '  1 | \t\tkey\n    | \t\t^',
  );
  assert.is(
    renderUserError(
      error,
      () => undefined,
      (file) => file,
      createColors(false),
    ),
    'f:1:3: no\n',
  );
});

const create: Step = {
  id: 2,
  op: {
    do: 'container.create',
    service: 'web',
    replica: 1,
    name: 'abc_shop-web-1',
    finalName: 'shop-web-1',
    configHash: '',
    configParts: {},
    replaces: { id: 'abc', name: 'shop-web-1', keepVolumes: true },
  },
  because: 'environment changed',
  after: [],
};

output('says in plain lines what happens, and why a container is made anew', () => {
  assert.is(
    plainLine({ kind: 'plan.step.started', step: create }),
    ' Container shop-web-1  Recreate  (environment changed)',
  );
  assert.is(plainLine({ kind: 'plan.step.done', step: create, ms: 1234 }), ' Container shop-web-1  Recreated');
  const start: Step = { ...create, op: { do: 'container.start', name: 'a' }, because: 'it is created' };
  const began = { kind: 'plan.step.started', step: start } as const;
  assert.is(plainLine(began), ' Container a  Starting');
  assert.is(plainLine(began, true), ' Container a  Starting  (it is created)');
  const rename: Step = { ...create, op: { do: 'container.rename', name: 'a', to: 'b' } };
  assert.is(plainLine({ kind: 'plan.step.started', step: rename }), undefined);
  const pull: Step = { ...create, op: { do: 'image.pull', service: 'web', image: 'web:1' } };
  const progress = { kind: 'plan.step.progress', step: pull, text: 'Downloading', id: 'abc' } as const;
  assert.is(plainLine(progress), ' web | abc Downloading');
  assert.is(plainLine({ ...progress, current: 1, total: 2 }), undefined);
});

output('writes the log of a build where it is told to, and the rest as status', () => {
  const [out, err] = [collect(), collect()];
  const terminal = createTerminal({ out: out.stream, err: err.stream }, 'never', {});
  const progress = plainProgress(terminal, { buildLog: terminal.data, reasons: false });
  const build: Step = { ...create, op: { do: 'image.build', service: 'web', image: 'web:1' } };
  progress.emit({ kind: 'plan.step.started', step: build });
  progress.emit({ kind: 'plan.step.progress', step: build, text: 'COPY a b' });
  progress.emit({ kind: 'plan.step.done', step: build, ms: 1 });
  assert.is(out.text(), ' web | COPY a b\n');
  assert.is(err.text(), ' Image web:1  Building\n Image web:1  Built\n');
});

output('says it in JSON for tools', () => {
  assert.equal(jsonEntry({ kind: 'plan.step.done', step: create, ms: 12.4 }), {
    id: 'Container shop-web-1',
    step: 2,
    op: 'container.create',
    because: 'environment changed',
    status: 'Done',
    text: 'Recreated',
    ms: 12,
  });
  assert.equal(jsonEntry({ kind: 'warning', text: 'w' }), { status: 'Warning', text: 'w' });
});

output('writes rows on a terminal, each ending in its last word', async () => {
  const err = collect({ isTTY: true, columns: 80, rows: 24 });
  const terminal = createTerminal({ out: collect().stream, err: err.stream }, 'never', {});
  const progress = ttyProgress(terminal, { buildLog: terminal.data, reasons: false });
  const start: Step = { id: 3, op: { do: 'container.start', name: 'shop-web-1' }, because: '', after: [2] };
  progress.begin({ steps: [create, start], questions: [], warnings: [] });
  const say = (event: Event) => progress.emit(event);
  say({ kind: 'plan.step.started', step: create });
  say({ kind: 'plan.step.done', step: create, ms: 100 });
  say({ kind: 'plan.step.started', step: start });
  say({ kind: 'plan.step.failed', step: start, error: new Error('no') });
  await progress.end();
  assert.match(err.text(), 'Container shop-web-1  Starting');
});

output('puts each line behind its container, aligned, in a colour of its service', async () => {
  const out = collect({ isTTY: true });
  const err = collect({ isTTY: true });
  const terminal = createTerminal({ out: out.stream, err: err.stream }, 'auto', {});
  const printer = new LogPrinter(terminal, { prefix: true, timestamps: true, json: false }, ['db', 'web']);
  printer.announce(['db-1', 'web-10']);
  const line = { kind: 'log', service: 'db', container: 'db-1', stream: 'stdout', line: 'up', timestamp: 'T' } as const;
  await printer.print(line);
  await printer.print({ ...line, stream: 'stderr' });
  await printer.flush();
  assert.is(out.text(), '\u001b[36mdb-1    | \u001b[39mT up\n');
  assert.is(err.text(), '\u001b[36mdb-1    | \u001b[39mT up\n');
});

output('has no colours with NO_COLOR, without a terminal, and with --ansi never', () => {
  const tty = collect({ isTTY: true }).stream;
  const file = collect().stream;
  const colored = (err: OutputStream, ansi: 'auto' | 'always' | 'never', env: Record<string, string>) =>
    createTerminal({ out: err, err }, ansi, env).errColors.enabled;
  assert.equal(
    [
      colored(tty, 'auto', {}),
      colored(file, 'auto', {}),
      colored(tty, 'auto', { NO_COLOR: '1' }),
      colored(tty, 'never', {}),
      colored(file, 'always', {}),
    ],
    [true, false, false, false, true],
  );
});

output('waits for a slow reader', async () => {
  const slow = new PassThrough({ highWaterMark: 16 });
  const terminal = createTerminal(
    { out: slow as unknown as OutputStream, err: slow as unknown as OutputStream },
    'never',
    {},
  );
  let written = false;
  const writing = terminal.data('x'.repeat(100)).then(() => {
    written = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(written, false);
  slow.resume();
  await writing;
});

output.run();
