/** A Go template filled in with plain data: the meaning is text/template's, the functions are those of the docker command. */
import { UserError } from '../../errors.js';
import { callFunction, goText, isTrue } from './functions.js';
import type { Expression, Node } from './parse.js';
import { parseTemplate } from './parse.js';

interface Scope {
  readonly dot: unknown;
  readonly root: unknown;
  readonly names: Map<string, unknown>;
}

/** Parses once, fills many. Throws UserError `bad-template`; the filler throws `unknown-field`. */
export function compileTemplate(text: string): (data: unknown) => string {
  const nodes = parseTemplate(text);
  return (data) => printAll(nodes, { dot: data, root: data, names: new Map() });
}

const printAll = (nodes: readonly Node[], scope: Scope): string => nodes.map((node) => print(node, scope)).join('');

function print(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'print':
      return goText(valueFrom(node.value, scope));
    case 'set':
      scope.names.set(node.name, valueFrom(node.value, scope));
      return '';
    case 'range':
      return printRange(node, scope);
    default: {
      const value = valueFrom(node.value, scope);
      const [name] = node.names;
      if (name) scope.names.set(name, value);
      if (!isTrue(value)) return printAll(node.otherwise, scope);
      return printAll(node.then, node.kind === 'with' ? { ...scope, dot: value } : scope);
    }
  }
}

function printRange(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, scope: Scope): string {
  const value = valueFrom(node.value, scope);
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : typeof value === 'object' && value !== null
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : [];
  if (entries.length === 0) return printAll(node.otherwise, scope);
  return entries
    .map(([key, item]) => {
      const names = new Map(scope.names);
      const [first, second] = node.names;
      if (first && second) names.set(first, key).set(second, item);
      else if (first) names.set(first, item);
      return printAll(node.then, { ...scope, dot: item, names });
    })
    .join('');
}

/** `piped`: what comes before the `|`, which is the last argument. */
function valueFrom(expression: Expression, scope: Scope, piped: readonly unknown[] = []): unknown {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'pipe':
      return valueFrom(expression.to, scope, [valueFrom(expression.from, scope)]);
    case 'call':
      return callFunction(expression.name, [...expression.args.map((arg) => valueFrom(arg, scope)), ...piped]);
    case 'method': {
      const method = valueFrom(expression.target, scope);
      if (typeof method !== 'function')
        throw new UserError('bad-template', 'template: what takes no arguments got some');
      return method(...expression.args.map((arg) => valueFrom(arg, scope)), ...piped);
    }
    case 'path': {
      const value = fieldOf(rootOf(expression.root, scope), expression.names);
      return typeof value === 'function' && piped.length ? value(...piped) : value;
    }
  }
}

function rootOf(root: Extract<Expression, { kind: 'path' }>['root'], scope: Scope): unknown {
  if (typeof root !== 'string') return valueFrom(root, scope);
  if (root === '.') return scope.dot;
  if (root === '$') return scope.root;
  if (!scope.names.has(root)) throw new UserError('bad-template', `template: undefined variable "${root}"`);
  return scope.names.get(root);
}

function fieldOf(start: unknown, names: readonly string[]): unknown {
  let value = start;
  for (const name of names) {
    if (value === null || value === undefined) return undefined;
    const known = typeof value === 'object' && name in (value as object);
    if (!known) throw unknownField(value, name);
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function unknownField(value: unknown, name: string): UserError {
  const fields = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return new UserError('unknown-field', `template: there is no field ".${name}"`, [
    fields.length ? `Fields: ${fields.map((field) => `.${field}`).join(' ')}` : 'The value has no fields.',
  ]);
}
