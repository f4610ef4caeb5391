import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { locationOf } from '../../../../src/config/read/source.js';
import { readYaml } from '../../../../src/config/read/yaml.js';
import { child, type Node } from '../../../../src/config/tree/node.js';
import { toPlain } from '../../../../src/config/tree/plain.js';
import { mistakes, source } from '../support.js';

const yaml = suite('YAML with places');

const read = (text: string): unknown => JSON.parse(JSON.stringify(readYaml(source(text)).map(toPlain)));

function placeOf(text: string, ...path: string[]): string {
  let node: Node | undefined = readYaml(source(text))[0];
  for (const key of path) node = child(node, key);
  const { line, column } = locationOf(node!.at);
  return `${line}:${column}`;
}

yaml('an empty file has no document, one with only a comment neither', () => {
  assert.equal(read(''), []);
  assert.equal(read('# nothing\n'), []);
});

yaml('every document is read', () => {
  assert.equal(read('a: 1\n---\nb: 2\n'), [{ a: 1 }, { b: 2 }]);
});

yaml('values know where they begin, quotes and block signs included', () => {
  const text = 'a: "x"\nb:\n  - one\n  - |\n    block\n\n    more\nc: {d: 1}\ne: &anchor text\n';
  assert.is(placeOf(text, 'a'), '1:4');
  assert.is(placeOf(text, 'b', '0'), '3:5');
  assert.is(placeOf(text, 'b', '1'), '4:5');
  assert.is(placeOf(text, 'c', 'd'), '8:8');
  assert.is(placeOf(text, 'e'), '9:12');
});

yaml('what an alias stands for is where its anchor is', () => {
  assert.is(placeOf('a: &x {k: v}\nb: *x\n', 'b', 'k'), '1:11');
});

yaml('merge keys: what is written wins over the first, the first over the next', () => {
  const text = 'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: own\n';
  assert.equal((read(text) as { c: unknown }[])[0]!.c, { x: 'own', y: 1, z: 2 });
});

yaml('a quoted << is a key like any other', () => {
  assert.equal(read('a: {"<<": {x: 1}}\n'), [{ a: { '<<': { x: 1 } } }]);
});

yaml('keys that JavaScript gives a meaning to are just keys', () => {
  const tree = toPlain(readYaml(source('__proto__: {a: 1}\nconstructor: 2\n'))[0]!) as Record<string, unknown>;
  assert.equal(Object.keys(tree), ['__proto__', 'constructor']);
});

yaml('flow collections may end further left than YAML 1.2 has it, and places stay right', () => {
  const text = 'a:\n  b: [\n    x,\n  ]\n  c: {\nd: 1,\n}\ne: "q\nr"\nf: end\n';
  assert.equal(read(text), [{ a: { b: ['x'], c: { d: 1 } }, e: 'q r', f: 'end' }]);
  assert.is(placeOf(text, 'a', 'c', 'd'), '6:4');
  assert.is(placeOf(text, 'f'), '10:4');
});

yaml("\\' in double quotes is taken, as Go does", () => {
  assert.equal(read('a: "it\\\'s"\nb: 1\n'), [{ a: "it's", b: 1 }]);
});

yaml('mistakes have a code and a place', () => {
  assert.equal(
    mistakes(() => read('a: b: c\n')),
    ['broken-yaml 1:5'],
  );
  assert.equal(
    mistakes(() => read('a: 1\nb: 2\na: 3\n')),
    ['duplicate-key 3:1'],
  );
  assert.equal(
    mistakes(() => read('a: {1: x}\n')),
    ['non-string-key 1:5'],
  );
  assert.equal(
    mistakes(() => read('a: *x\n')),
    ['unknown-anchor 1:4'],
  );
  assert.equal(
    mistakes(() => read('a: &x {b: *x}\n')),
    ['alias-cycle 1:11'],
  );
  assert.equal(
    mistakes(() => read('a: {<<: 1}\n')),
    ['bad-merge-key 1:9'],
  );
  assert.equal(
    mistakes(() => read('a: !!bool maybe\n')),
    ['bad-tag 1:11'],
  );
  assert.equal(
    mistakes(() => read('a: "\\/"\n')),
    ['broken-yaml 1:4'],
  );
});

yaml.run();
