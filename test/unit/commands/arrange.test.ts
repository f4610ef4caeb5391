import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arrangeArguments } from '../../../src/commands/base/arrange.js';
import { toOptions } from '../../../src/commands/base/command.js';
import { nearest } from '../../../src/commands/base/nearest.js';

const words = suite('commands arrange');

const commands: Record<string, { valueFlags: string[]; switches?: [string, boolean][]; passAfter?: number }> = {
  up: {
    valueFlags: ['--scale'],
    switches: [
      ['--detach', false],
      ['--menu', true],
    ],
  },
  logs: { valueFlags: ['--tail', '-n'] },
  build: { valueFlags: [] },
  'engine start': { valueFlags: [] },
  exec: { valueFlags: ['-u', '--user', '-e'], passAfter: 1 },
};

const arrange = (line: string) =>
  arrangeArguments(line.split(' ').filter(Boolean), (argv) => {
    for (const length of [2, 1]) {
      const id = argv.slice(0, length).join(' ');
      const command = commands[id];
      if (command && argv.length >= length) {
        const { passAfter, switches } = command;
        const known = { valueFlags: new Set(command.valueFlags), switches: new Map(switches), passAfter };
        return { command: { id, ...known }, length };
      }
    }
    return undefined;
  }).join(' ');

words('takes global flags before the command as Compose does', () => {
  assert.is(arrange('-f a.yml -p shop logs -f web'), 'logs --file a.yml --project-name shop -f web');
  assert.is(arrange('--file=a.yml --profile x up -d'), 'up --file=a.yml --profile x -d');
  assert.is(arrange('-fa.yml up'), 'up --file=a.yml');
  assert.is(arrange('-f=a.yml up'), 'up --file=a.yml');
  assert.is(arrange('--verbose --no-ansi --workdir sub up'), 'up --verbose --ansi=never --project-directory sub');
  assert.is(arrange('--env prod --dry-run engine start'), 'engine start --env-overlay prod --dry-run');
});

words('takes true and false behind a switch, as programs in Go do', () => {
  assert.is(arrange('up --detach=true --menu=false --detach=false'), 'up --detach --no-menu');
  assert.is(arrange('exec web sh --detach=false'), 'exec web -- sh --detach=false');
  assert.is(arrange('up --scale=true'), 'up --scale=true');
});

words('leaves to the program what follows the service', () => {
  assert.is(arrange('exec web ls -la'), 'exec web -- ls -la');
  assert.is(arrange('exec -u root -e A=1 -T web sh -c x'), 'exec -u root -e A=1 -T web -- sh -c x');
  assert.is(arrange('exec web -- ls'), 'exec web -- ls');
  assert.is(arrange('-p shop exec web env -u X'), 'exec --project-name shop web -- env -u X');
});

words('makes --help of help', () => {
  assert.is(arrange('help up'), 'up --help');
  assert.is(arrange('help'), '--help');
  assert.is(arrange('--help'), '--help');
});

words('reads options, then variables, then defaults', () => {
  const options = toOptions(
    { parallel: undefined, env: ['A=1'], 'env-overlay': 'prod' },
    { COMPOSE_PARALLEL_LIMIT: '3', COMPOSE_PROGRESS: 'plain' },
  );
  assert.equal([options.parallel, options.progress, options.ansi, options.environment], [3, 'plain', 'auto', 'prod']);
  assert.is(toOptions({ env: 'dev', progress: 'json' }, { COMPOSE_PROGRESS: 'plain' }).progress, 'json');
  assert.is(toOptions({ parallel: -1 }, {}).parallel, Number.POSITIVE_INFINITY);
});

words('knows what was meant', () => {
  assert.is(nearest('buidl', ['build', 'pull']), 'build');
  assert.is(nearest('frobnicate', ['build', 'pull']), undefined);
});

words('--parallel of Compose 1 means nothing behind build, unless a number follows', () => {
  assert.is(arrange('build --parallel --pull web'), 'build --pull web');
  assert.is(arrange('build --parallel 2 web'), 'build --parallel 2 web');
});

words.run();
