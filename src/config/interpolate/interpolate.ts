/** Fills variables into every value of a file; keys stay as they are. */
import type { Problems } from '../problems.js';
import { mapChildren, type Node, type Path, type Scalar } from '../tree/node.js';
import { type Rules, ruleForItem, ruleForKey } from '../tree/rules.js';
import { type Cast, castRules, isFailure } from './casts.js';
import { type Lookup, substitute, TemplateError } from './template.js';

export interface Interpolation {
  readonly lookup: Lookup;
  readonly problems: Problems;
}

/** The tree with values filled in and cast where the specification wants a type. Every mistake goes to `problems`. */
export function interpolateTree(root: Node, interpolation: Interpolation): Node {
  return interpolateNode(root, castRules(), [], interpolation);
}

/** `path` is one array that grows and shrinks with the walk. */
function interpolateNode(
  node: Node,
  rules: Rules<Cast> | undefined,
  path: string[],
  interpolation: Interpolation,
): Node {
  if (node.kind === 'scalar') return interpolateScalar(node, rules?.here, path, interpolation);
  const rulesOf = node.kind === 'sequence' ? () => ruleForItem(rules) : (key: string) => ruleForKey(rules, key);
  return mapChildren(node, (value, key) => {
    path.push(key);
    const result = interpolateNode(value, rulesOf(key), path, interpolation);
    path.pop();
    return result;
  });
}

function interpolateScalar(
  node: Scalar,
  cast: Cast | undefined,
  path: Path,
  { lookup, problems }: Interpolation,
): Scalar {
  if (typeof node.value !== 'string') return node;
  if (cast === undefined && !node.value.includes('$')) return node;
  try {
    const text = substitute(node.value, { lookup, missing: (name) => problems.warn(unset(name), node.at) });
    if (cast === undefined) return text === node.value ? node : { ...node, value: text };
    const value = cast(text, (sentence) => problems.warn(sentence, node.at));
    if (!isFailure(value)) return { ...node, value };
    problems.add('wrong-type', `${path.join('.')} must be ${value.expected}, not ${JSON.stringify(text)}.`, node.at, [
      text === node.value
        ? 'Change the value.'
        : `The value comes from ${node.value}: set the variable to a fitting one.`,
    ]);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    problems.add(...sentenceFor(error, path), node.at, stepsFor(error));
  }
  return node;
}

const unset = (name: string): string => `The "${name}" variable is not set. Defaulting to a blank string.`;

function sentenceFor(error: TemplateError, path: Path): [code: string, sentence: string] {
  const where = path.join('.');
  if (error.reason === 'required') return ['required-variable', `${where} needs ${error.message}.`];
  return ['bad-interpolation', `${where} has ${error.message}.`];
}

function stepsFor(error: TemplateError): string[] {
  if (error.reason === 'required') {
    return [`Set it in the shell or in .env: ${error.variable}=value`];
  }
  // The text shows the forms as they are written in a config.
  return [`Write \${NAME}, \${NAME:-default}, \${NAME:?message} or \${NAME:+value}; write $$ for a plain dollar sign.`];
}
