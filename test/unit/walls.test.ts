/** Holds the table of walls of the architecture: which room may import which, and that there are no cycles. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Import, repoRoot, walkImports } from '../support/imports.js';

const walls = suite('walls');

const stages = ['config', 'observe', 'plan', 'apply', 'watch', 'parity', 'deploy', 'engine', 'web', 'output'];
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/main': ['src/commands', 'src/flows', 'src/output'],
  'src/commands': ['src/flows', 'src/output'],
  'src/flows': stages.map((stage) => `src/${stage}`),
  'src/observe': ['src/engine'],
  'src/apply': ['src/engine'],
  'src/deploy': ['src/engine'],
  'runtime/main': ['api', 'engine', 'build', 'images', 'snapshots', 'network', 'launch', 'state'].map(
    (room) => `runtime/${room}`,
  ),
  'runtime/api': ['runtime/engine'],
  'runtime/engine': ['build', 'images', 'snapshots', 'network', 'launch', 'state'].map((room) => `runtime/${room}`),
  'runtime/build': ['runtime/images', 'runtime/snapshots'],
};

/** Contracts that a room may know as types, though it is handed the thing itself. */
const allowedTypes: Readonly<Record<string, readonly string[]>> = {
  'src/engine': ['runtime/api'],
  'runtime/build': ['runtime/launch', 'runtime/state'],
  'runtime/images': ['runtime/snapshots', 'runtime/launch', 'runtime/state'],
  'runtime/snapshots': ['runtime/launch'],
  'runtime/network': ['runtime/launch', 'runtime/state'],
};

const imports = walkImports(['src', 'runtime']);

/** `src/plan/hash.ts` → `src/plan`; `src/main.ts` → `src/main`. */
function room(file: string): string {
  const [tree, second] = file.split(path.sep);
  return `${tree}/${second?.replace(/\.ts$/, '')}`;
}

function mayImport({ from, to, typeOnly }: Import): boolean {
  const [a, b] = [room(from), room(to)];
  const tree = a.split('/')[0];
  if (a === b || b === `${tree}/errors` || b === 'src/model') return b !== 'src/model' || tree === 'src';
  if (a === 'src/model') return false;
  return Boolean(allowed[a]?.includes(b) || (typeOnly && allowedTypes[a]?.includes(b)));
}

walls('every import goes through a door of the table', () => {
  const wrong = imports
    .filter((one) => !mayImport(one))
    .map((one) => `${one.from} -> ${one.to}${one.typeOnly ? ' (type)' : ''}`);
  assert.equal(wrong, []);
});

walls('src never imports a value of runtime, nor runtime anything of src', () => {
  const across = imports.filter((one) => one.from.split(path.sep)[0] !== one.to.split(path.sep)[0]);
  const wrong = across.filter(
    (one) => !(one.typeOnly && room(one.from) === 'src/engine' && room(one.to) === 'runtime/api'),
  );
  assert.equal(wrong, []);
});

walls('there are no cycles among files', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]) => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
      return;
    }
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of edges.keys()) visit(file, []);
  assert.equal(cycles, []);
});

const pureRooms = [
  'src/model',
  'src/plan',
  'src/parity',
  'src/config/merge',
  'src/config/interpolate',
  'src/config/check',
];
const pureFiles = [
  'runtime/launch/compose.ts',
  'runtime/launch/encode.ts',
  'runtime/engine/launch-spec.ts',
  ...['classify', 'derive', 'loops', 'rules'].map((name) => `src/watch/${name}.ts`),
];
/** Of `node:net` only what reads an address' text is no edge. */
const edgesOfTheWorld =
  /from 'node:(?:fs|http|https|child_process|os|dgram|readline)[^']*'|import (?!\{ (?:isIP(?:v4|v6)?(?:, )?)+ \})[^;]*from 'node:net'|process\.(?:env[.[]|cwd\(|std(?:out|err|in)\b)|Date\.now\(|console\./;

walls('what decides touches no files, clock, environment or logs', () => {
  const files = pureRooms.flatMap((folder) =>
    readdirSync(path.join(repoRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(folder, name)),
  );
  const wrong = [...files, ...pureFiles].filter((file) =>
    edgesOfTheWorld.test(readFileSync(path.join(repoRoot, file), 'utf8')),
  );
  assert.equal(wrong, []);
});

walls('only output writes to standard output', () => {
  const files = walkFiles('src').filter((file) => !file.startsWith(path.join('src', 'output')));
  const wrong = files.filter((file) =>
    /process\.stdout\.write|console\.(?:log|info)/.test(readFileSync(path.join(repoRoot, file), 'utf8')),
  );
  assert.equal(wrong, []);
});

function walkFiles(tree: string): string[] {
  return readdirSync(path.join(repoRoot, tree), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(tree, name));
}

walls.run();
