/** The part of Go's text/template that `--format` is used with, as a tree. */
import { UserError } from '../../errors.js';
import { type Token, tokensOf } from './tokens.js';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly value: Expression;
      readonly names: readonly string[];
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
    };

export type Expression =
  | { readonly kind: 'value'; readonly value: unknown }
  /** `.A.B`, `$x.A`, `(…).A`; further words are arguments of the last name (`.Label "x"`). */
  | { readonly kind: 'path'; readonly root: '.' | '$' | string | Expression; readonly names: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'method'; readonly target: Expression; readonly args: readonly Expression[] }
  | { readonly kind: 'pipe'; readonly from: Expression; readonly to: Expression };

/** Throws UserError `bad-template`. */
export function parseTemplate(text: string): Node[] {
  const segments = [...segmentsOf(text)];
  const [nodes, rest] = parseBlock(segments, 0);
  if (rest < segments.length) throw bad(`unexpected {{${(segments[rest] as { action: string }).action}}}`);
  return nodes;
}

export const bad = (sentence: string): UserError =>
  new UserError('bad-template', `template parsing error: ${sentence}`, [
    'For example --format "{{.Name}}", "table {{.ID}}\\t{{.Name}}" or "{{json .}}".',
  ]);

type Segment = { readonly text: string } | { readonly action: string };

/** `{{- x -}}` takes the blanks around it away. */
function* segmentsOf(text: string): Generator<Segment> {
  let rest = text;
  for (let begin = rest.indexOf('{{'); begin >= 0; begin = rest.indexOf('{{')) {
    const end = rest.indexOf('}}', begin);
    if (end < 0) throw bad('unclosed action');
    let before = rest.slice(0, begin);
    let action = rest.slice(begin + 2, end);
    rest = rest.slice(end + 2);
    if (/^-\s/.test(action)) {
      before = before.trimEnd();
      action = action.slice(1);
    }
    if (/\s-$/.test(action)) {
      rest = rest.trimStart();
      action = action.slice(0, -1);
    }
    if (before) yield { text: before };
    if (!/^\s*\/\*/.test(action)) yield { action: action.trim() };
  }
  if (rest) yield { text: rest };
}

function parseBlock(segments: readonly Segment[], from: number): [Node[], number] {
  const nodes: Node[] = [];
  let at = from;
  while (at < segments.length) {
    const segment = segments[at]!;
    if ('text' in segment) {
      nodes.push({ kind: 'text', text: segment.text });
      at += 1;
      continue;
    }
    const [word] = segment.action.split(/\s+/);
    if (word === 'end' || word === 'else') return [nodes, at];
    if (word === 'if' || word === 'range' || word === 'with') {
      const [node, after] = parseControl(segments, at, word, segment.action.slice(word.length));
      nodes.push(node);
      at = after;
    } else {
      nodes.push(parseAction(segment.action));
      at += 1;
    }
  }
  return [nodes, at];
}

function parseControl(
  segments: readonly Segment[],
  from: number,
  kind: 'if' | 'with' | 'range',
  head: string,
): [Node, number] {
  const assigned = /^\s*(\$\w+)(?:\s*,\s*(\$\w+))?\s*:=\s*(.*)$/s.exec(head);
  const names = assigned ? [assigned[1]!, assigned[2]].filter((name) => name !== undefined) : [];
  const value = parseExpression(assigned ? assigned[3]! : head);
  const [then, afterThen] = parseBlock(segments, from + 1);
  const closing = segments[afterThen];
  if (closing === undefined || !('action' in closing)) throw bad(`{{${kind}}} has no {{end}}`);
  if (closing.action === 'end') return [{ kind, value, names, then, otherwise: [] }, afterThen + 1];
  const chained = closing.action.replace(/^else\s*/, '');
  if (chained.startsWith('if')) {
    const [node, after] = parseControl(segments, afterThen, 'if', chained.slice(2));
    return [{ kind, value, names, then, otherwise: [node] }, after];
  }
  const [otherwise, afterElse] = parseBlock(segments, afterThen + 1);
  if (segments[afterElse] === undefined) throw bad(`{{${kind}}} has no {{end}}`);
  return [{ kind, value, names, then, otherwise }, afterElse + 1];
}

function parseAction(action: string): Node {
  const assigned = /^(\$\w+)\s*:?=\s*(.*)$/s.exec(action);
  if (assigned) return { kind: 'set', name: assigned[1]!, value: parseExpression(assigned[2]!) };
  return { kind: 'print', value: parseExpression(action) };
}

function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const [expression, rest] = parsePipeline(tokens, 0);
  if (rest < tokens.length) throw bad(`unexpected "${tokens[rest]!.text}" in {{${text.trim()}}}`);
  return expression;
}

function parsePipeline(tokens: readonly Token[], from: number): [Expression, number] {
  let [expression, at] = parseCommand(tokens, from);
  while (tokens[at]?.kind === '|') {
    const [next, after] = parseCommand(tokens, at + 1);
    expression = { kind: 'pipe', from: expression, to: next };
    at = after;
  }
  return [expression, at];
}

function parseCommand(tokens: readonly Token[], from: number): [Expression, number] {
  const first = tokens[from];
  if (first === undefined) throw bad('missing value for command');
  const operands: Expression[] = [];
  let at = from;
  if (first.kind === 'word') at += 1;
  while (tokens[at] !== undefined && tokens[at]!.kind !== '|' && tokens[at]!.kind !== ')') {
    const [operand, after] = parseOperand(tokens, at);
    operands.push(operand);
    at = after;
  }
  if (first.kind === 'word') return [{ kind: 'call', name: first.text, args: operands }, at];
  const [target, ...args] = operands;
  if (target === undefined) throw bad('missing value for command');
  return [args.length ? { kind: 'method', target, args } : target, at];
}

function parseOperand(tokens: readonly Token[], from: number): [Expression, number] {
  const token = tokens[from]!;
  if (token.kind === 'value') return [{ kind: 'value', value: token.value }, from + 1];
  if (token.kind === 'word') return [{ kind: 'call', name: token.text, args: [] }, from + 1];
  if (token.kind === 'path') return [{ kind: 'path', root: token.root, names: token.names }, from + 1];
  if (token.kind !== '(') throw bad(`unexpected "${token.text}"`);
  const [inner, at] = parsePipeline(tokens, from + 1);
  const closing = tokens[at];
  if (closing?.kind !== ')') throw bad('unclosed left paren');
  const after = tokens[at + 1];
  const field = after?.kind === 'path' && after.root === '.' && after.joined;
  return field ? [{ kind: 'path', root: inner, names: after.names }, at + 2] : [inner, at + 1];
}
