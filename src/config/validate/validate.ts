/** A config against the schema: everything that is wrong with it, each as a sentence with the place of the offending key. */
import type { Problems } from '../problems.js';
import type { Mapping, Node, Scalar, Sequence } from '../tree/node.js';
import { toPlain } from '../tree/plain.js';
import { readComposeSchema, resolveSchema, type Schema, type TypeName, typesOf } from './schema.js';
import {
  conflictOfTypes,
  missingKey,
  notAllowedValue,
  patternMismatch,
  repeatedItems,
  unknownKey,
} from './sentences.js';

export interface Validation {
  readonly root: Schema;
  readonly problems: Problems;
}

export function validateTree(tree: Node, problems: Problems): void {
  const root = readComposeSchema();
  validateNode(tree, root, [], { root, problems });
}

function validateNode(node: Node, given: Schema, path: string[], validation: Validation): void {
  const schema = resolveSchema(given, validation.root);
  if (schema.oneOf) {
    validateOneOf(node, schema.oneOf, path, validation);
    return;
  }
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => hasType(node, type))) {
    conflictOfTypes(node, types, path, validation);
    return;
  }
  if (node.kind === 'mapping') validateMapping(node, schema, path, validation);
  else if (node.kind === 'sequence') validateSequence(node, schema, path, validation);
  else validateScalar(node, schema, path, validation);
}

/** `path` is one array that grows and shrinks with the walk. */
function validateBelow(node: Node, schema: Schema, key: string, path: string[], validation: Validation): void {
  path.push(key);
  validateNode(node, schema, path, validation);
  path.pop();
}

/** Of the branches, the one that takes nodes of this kind speaks for all. */
function validateOneOf(node: Node, branches: readonly Schema[], path: string[], validation: Validation): void {
  const resolved = branches
    .map((branch) => resolveSchema(branch, validation.root))
    .flatMap((branch) => branch.oneOf ?? [branch]);
  const fitting = resolved.find((branch) => typesOf(branch).some((type) => hasType(node, type)));
  if (fitting) validateNode(node, fitting, path, validation);
  else conflictOfTypes(node, resolved.flatMap(typesOf), path, validation);
}

function hasType(node: Node, type: TypeName): boolean {
  if (node.kind === 'mapping') return type === 'object';
  if (node.kind === 'sequence') return type === 'array';
  const { value } = node;
  if (value === null) return type === 'null';
  if (value instanceof Date) return false;
  if (typeof value === 'bigint') return type === 'number' || type === 'integer';
  if (type === 'integer') return Number.isInteger(value);
  return type === typeof value;
}

function validateMapping(node: Mapping, schema: Schema, path: string[], validation: Validation): void {
  const patterns = Object.entries(schema.patternProperties ?? {}).map(
    ([pattern, below]) => [new RegExp(pattern), below] as const,
  );
  for (const [key, entry] of node.entries) {
    const property = ownProperty(schema.properties, key);
    if (property) validateBelow(entry.value, property, key, path, validation);
    let known = property !== undefined;
    for (const [pattern, below] of patterns) {
      if (!pattern.test(key)) continue;
      known = true;
      validateBelow(entry.value, below, key, path, validation);
    }
    if (!known && schema.additionalProperties === false)
      unknownKey({ key, entry, path, schema, parent: node }, validation);
  }
  for (const key of schema.required ?? []) if (!node.entries.has(key)) missingKey(node, key, path, validation);
}

const ownProperty = (properties: Readonly<Record<string, Schema>> | undefined, key: string): Schema | undefined =>
  properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;

function validateSequence(node: Sequence, schema: Schema, path: string[], validation: Validation): void {
  const { items } = schema;
  if (items)
    for (const [index, item] of node.items.entries()) validateBelow(item, items, String(index), path, validation);
  if (!schema.uniqueItems) return;
  const seen = new Map<string, number>();
  for (const [index, item] of node.items.entries()) {
    const text = JSON.stringify(toPlain(item), (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    const first = seen.get(text);
    if (first === undefined) seen.set(text, index);
    else repeatedItems(node, first, index, path, validation);
  }
}

/** What devenv's own files may say beyond the Compose Specification: files from a container to the host. */
function ownValues({ at }: Scalar, path: readonly string[]): string[] {
  const isAction = path.length === 6 && path[2] === 'develop' && path[3] === 'watch' && path[5] === 'action';
  return isAction && /(?:^|[\\/])devenv(?:\.[\w-]+)?\.ya?ml$/.test(at.source.file) ? ['pull'] : [];
}

function validateScalar(node: Scalar, schema: Schema, path: string[], validation: Validation): void {
  const { value } = node;
  const allowed = schema.enum && [...schema.enum, ...ownValues(node, path)];
  if (allowed && !allowed.includes(value as string)) notAllowedValue(node, allowed, path, validation);
  if (typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)) {
    patternMismatch(node, schema.pattern, path, validation);
  }
  if (typeof value !== 'number') return;
  if (schema.minimum !== undefined && value < schema.minimum) {
    validation.problems.add(
      'out-of-range',
      `${path.join('.')} must be at least ${schema.minimum}, not ${value}.`,
      node.at,
    );
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    validation.problems.add(
      'out-of-range',
      `${path.join('.')} must be at most ${schema.maximum}, not ${value}.`,
      node.at,
    );
  }
}
