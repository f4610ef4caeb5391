import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Project } from '../../../src/model/project.js';
import { classify, ignoredByAll } from '../../../src/watch/classify.js';
import { rulesOf } from '../../../src/watch/rules.js';
import type { FileChange, WatchRule } from '../../../src/watch/types.js';

const classifying = suite('classify');

function rules(...watch: readonly object[]): WatchRule[] {
  const service = { name: 'api', command: null, entrypoint: null, develop: { watch } };
  const project = { name: 'p', workingDir: '/p', services: { api: service } } as unknown as Project;
  return rulesOf(project, new Set(['api']), () => undefined);
}

const changed = (path: string): FileChange => ({ path, kind: 'changed' });
const removed = (path: string): FileChange => ({ path, kind: 'removed' });

/** Containers have everything but what editors make on saving. */
const mayHave = (_service: string, file: string) => !file.endsWith('.new');

/** The service's work with its maps as plain objects. */
function workOf(own: readonly WatchRule[], ...changes: readonly FileChange[]) {
  const { services } = classify(own, changes, { configFiles: new Set(), mayHave });
  const work = services[0];
  if (!work) return undefined;
  const { copies, removals, restart, rebuild, execs } = work;
  return {
    copies: Object.fromEntries(copies),
    removals: [...removals],
    does: [restart && 'restart', rebuild && 'rebuild', execs.length > 0 && 'exec'].filter(Boolean).join(' '),
  };
}

const sync = { path: './src', action: 'sync', target: '/app/src' };

classifying('a file below a synced folder goes below its target', () => {
  assert.equal(workOf(rules(sync), changed('/p/src/a/b.js')), {
    copies: { '/p/src/a/b.js': '/app/src/a/b.js' },
    removals: [],
    does: '',
  });
});

classifying('a rule of one file has a target of one file', () => {
  const own = rules({ path: 'app.conf', action: 'sync+restart', target: '/etc/app.conf' });
  assert.equal(workOf(own, changed('/p/app.conf')), {
    copies: { '/p/app.conf': '/etc/app.conf' },
    removals: [],
    does: 'restart',
  });
});

classifying('the last thing that happened to a path counts', () => {
  assert.equal(workOf(rules(sync), changed('/p/src/a'), removed('/p/src/a'))?.removals, ['/app/src/a']);
  assert.equal(workOf(rules(sync), removed('/p/src/a'), changed('/p/src/a')), {
    copies: { '/p/src/a': '/app/src/a' },
    removals: [],
    does: '',
  });
});

classifying('what is deleted with its folder is not named by itself', () => {
  const gone = ['/p/src/a/b', '/p/src/a', '/p/src/a/c/d', '/p/src/ab'].map(removed);
  assert.equal(workOf(rules(sync), ...gone)?.removals, ['/app/src/a', '/app/src/ab']);
});

classifying('what an editor makes and renames on saving asks for nothing', () => {
  const restarting = rules({ ...sync, action: 'sync+restart' });
  assert.is(workOf(restarting, removed('/p/src/a.new')), undefined);
  assert.equal(workOf(rules(sync), changed('/p/src/a'), removed('/p/src/a.new'))?.removals, []);
});

classifying('a neighbour whose name begins the same is not below a rule', () => {
  assert.is(workOf(rules(sync), changed('/p/src2/a.js')), undefined);
});

classifying('ignored and not included files ask for nothing', () => {
  const own = rules({ ...sync, ignore: ['*.tmp', 'gen/'], include: ['*.js', 'gen', '**/*.js'] });
  assert.is(workOf(own, changed('/p/src/a.tmp')), undefined);
  assert.is(workOf(own, changed('/p/src/gen/a.js')), undefined);
  assert.is(workOf(own, changed('/p/src/a.css')), undefined);
  assert.ok(workOf(own, changed('/p/src/deep/a.js')));
});

classifying('packages, version control and what editors leave are never watched', () => {
  for (const name of ['node_modules/x/index.js', '.git/HEAD', 'a.js~', '.a.js.swp', '4913', '.#a.js'])
    assert.is(workOf(rules(sync), changed(`/p/src/${name}`)), undefined, name);
});

classifying('a rebuild takes the place of everything else', () => {
  const own = rules({ ...sync, path: '.' }, { path: 'package.json', action: 'rebuild' });
  assert.equal(workOf(own, changed('/p/a.js'), changed('/p/package.json')), {
    copies: {},
    removals: [],
    does: 'rebuild',
  });
});

classifying('config files ask for a reload', () => {
  const { reload } = classify(rules(sync), [changed('/p/devenv.yml')], {
    configFiles: new Set(['/p/devenv.yml']),
    mayHave,
  });
  assert.equal(reload, ['/p/devenv.yml']);
});

classifying('nothing below an ignored folder is watched, unless a rule is in there', () => {
  const own = rules({ ...sync, path: '.', ignore: ['out/'] }, { ...sync, path: 'out/keep', target: '/keep' });
  const ignored = ignoredByAll(own, new Set(['/p/out/.env']));
  assert.is(ignored('/p/node_modules'), true);
  assert.is(ignored('/p/out'), false);
  assert.is(ignored('/p/out/keep/a'), false);
  assert.is(ignored('/p/out/other'), true);
  assert.is(ignored('/p/out/.env'), false);
  assert.is(ignored('/elsewhere'), true);
  assert.is(ignored('/'), false);
});

classifying.run();
