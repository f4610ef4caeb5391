/** `extends`: Compose Specification, "extends". A service is laid over its base before the files are merged. */
import { dirname, resolve } from 'node:path';
import { canonicalTree } from './canonical/canonical.js';
import { interpolateTree } from './interpolate/interpolate.js';
import { type Loading, readDocuments, type Variables } from './loading.js';
import { mergeNodes } from './merge/merge.js';
import { applyResets, takeTags } from './merge/tags.js';
import { problem } from './problems.js';
import type { Mark } from './read/source.js';
import { locationOf } from './read/source.js';
import { resolvePaths } from './resolve/paths.js';
import {
  child,
  isNull,
  isText,
  type Mapping,
  mapChildren,
  mapping,
  type Node,
  type Path,
  withEntries,
  withoutKeys,
} from './tree/node.js';
import { ruleForKey } from './tree/rules.js';
import { describe } from './validate/sentences.js';
import { nearest } from './validate/suggest.js';

/** A file in which services may extend each other. */
interface Scope {
  readonly loading: Loading;
  readonly variables: Variables;
  readonly file: string;
  /** What relative file names in `extends` start from. */
  readonly folder: string;
  readonly services: Mapping;
  /** What the file resets, which also counts for what its services extend. */
  readonly resets: readonly Path[];
}

interface Step {
  readonly file: string;
  readonly service: string;
}

export interface ExtendsContext {
  readonly loading: Loading;
  readonly variables: Variables;
  readonly file: string;
  readonly folder: string;
  readonly resets: readonly Path[];
}

/** The file's tree with every `extends` followed. Mistakes go to the load's problems. Throws UserError `wrong-type`. */
export function followExtends(root: Node, context: ExtendsContext): Node {
  const services = child(root, 'services');
  if (services === undefined) return root;
  if (services.kind !== 'mapping') {
    throw problem('wrong-type', `services must be a mapping, not ${describe(services)}.`, services.at, [
      'Indent the services below it.',
    ]);
  }
  const scope: Scope = { ...context, services };
  return mapChildren(root, (value, key) => {
    if (key !== 'services') return value;
    return mapChildren(value, (service, name) => {
      const { problems } = context.loading;
      return problems.attempt(() => extended(name, scope, []), child(service, 'extends')?.at) ?? service;
    });
  });
}

/** A service of the scope, laid over all that it extends. Throws UserError. */
function extended(name: string, scope: Scope, chain: readonly Step[]): Node {
  const service = scope.services.entries.get(name)!.value;
  const reference = child(service, 'extends');
  if (service.kind !== 'mapping' || reference === undefined) return service;
  const step: Step = { file: scope.file, service: name };
  const steps = [...chain, step];
  if (chain.some((one) => one.file === step.file && one.service === step.service))
    throw cycle(steps, reference.at, scope);
  const { file, base } = target(reference);
  const source = file === undefined ? scope : scopeOf(file.value, file.at, scope);
  if (!source.services.entries.has(base.value)) throw unknownBase(name, base, source);
  const ownBase = extended(base.value, source, steps);
  // A base that says nothing leaves the service as it is written, as in the reference.
  if (isNull(ownBase)) return service;
  const below = applyResets(asService(name, ownBase), scope.resets);
  const kept = child(child(below, 'services'), name) ?? mapping(new Map(), ownBase.at);
  const rules = ruleForKey(ruleForKey(scope.loading.mergeRules, 'services'), name);
  const merged = mergeNodes(kept, service, rules, ['services', name]);
  return merged.kind === 'mapping' ? withoutKeys(merged, ['extends']) : merged;
}

type Text = Node & { readonly value: string };

function target(reference: Node): { file: Text | undefined; base: Text } {
  if (isText(reference)) return { file: undefined, base: reference };
  const service = child(reference, 'service');
  const written = child(reference, 'file');
  const file = isNull(written) ? undefined : written;
  if (isText(service) && (file === undefined || isText(file))) return { file, base: service };
  throw problem('bad-extends', 'extends needs the name of a service.', reference.at, [
    'Write extends: {service: NAME} or extends: {file: PATH, service: NAME}.',
  ]);
}

const asService = (name: string, service: Node): Node =>
  mapping(
    new Map([
      [
        'services',
        { key: service.at, value: mapping(new Map([[name, { key: service.at, value: service }]]), service.at) },
      ],
    ]),
    service.at,
  );

/** Another file, read for what can be extended in it. Its paths start from its own folder. */
function scopeOf(path: string, asked: Mark, from: Scope): Scope {
  const { loading, variables } = from;
  const file = resolve(from.folder, path);
  const folder = dirname(file);
  let services = mapping(new Map(), asked);
  const resets: Path[] = [];
  for (const document of readDocuments(loading, file, asked)) {
    const tagged = takeTags(document);
    if (tagged.tree === undefined) continue;
    resets.push(...tagged.resets);
    const { problems } = loading;
    const raw = loading.options.noInterpolate === true;
    const filled = raw ? tagged.tree : interpolateTree(tagged.tree, { lookup: variables.lookup, problems });
    const long = canonicalTree(filled, { problems, lenient: raw });
    const resolved = loading.options.noPathResolution ? long : resolvePaths(long, { folder, home: loading.home });
    const found = child(resolved, 'services');
    if (found?.kind === 'mapping')
      services = withEntries(
        services,
        [...found.entries].map(([name, entry]) => [name, entry.value]),
      );
  }
  return { loading, variables, file, folder, services, resets };
}

/** Told from the same service of the circle whoever came upon it, so that it is told once. */
function cycle(steps: readonly Step[], at: Mark, scope: Scope): Error {
  const last = steps.at(-1)!;
  const start = steps.findIndex((step) => step.file === last.file && step.service === last.service);
  const circle = steps.slice(start, -1);
  const nameOf = (step: Step): string => `${step.file} ${step.service}`;
  const first = circle.reduce((least, step, index) => (nameOf(step) < nameOf(circle[least]!) ? index : least), 0);
  const turned = [...circle.slice(first), ...circle.slice(0, first), circle[first]!];
  const path = turned.map((step) => `${step.service} (${step.file.split('/').at(-1)})`).join(' extends ');
  const written =
    turned[0]!.file === scope.file
      ? child(scope.services.entries.get(turned[0]!.service)?.value, 'extends')
      : undefined;
  const sentence = `The services extend each other in a circle: ${path}.`;
  return problem('extends-cycle', sentence, written?.at ?? at, ['Remove one of these extends.']);
}

function unknownBase(name: string, base: Text, source: Scope): Error {
  const near = nearest(base.value, source.services.entries.keys());
  const file = source.file.split('/').at(-1);
  const where = locationOf(base.at).file === source.file ? 'this file' : file;
  return problem(
    'unknown-service',
    `services.${name} extends "${base.value}", which is no service of ${where}.`,
    base.at,
    [near ? `Did you mean "${near}"?` : `Services there: ${[...source.services.entries.keys()].join(', ') || 'none'}.`],
  );
}
