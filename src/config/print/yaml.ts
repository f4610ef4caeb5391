/** A project as `docker compose config` prints it. */
import type { Project } from '../../model/project.js';
import { extensionsOf } from '../decode/extensions.js';
import { loadRaw } from '../load.js';
import { diskReader } from '../reader.js';
import { withRemotes } from '../remote/fetch.js';
import { isTree, type Tree } from '../resolve/tree-access.js';
import { emptyObject, type Plain } from '../tree/plain.js';
import type { LoadRequest } from '../types.js';
import { naturalOrder } from './natural-order.js';
import { numberYaml, textYaml } from './yaml-scalar.js';

/** Text that ends with a line break. `doubleDollars`: a dollar sign becomes two, so that it can be read again. */
export function projectYaml(project: Project, doubleDollars = true): string {
  const printed = `${mappingLines(printable(project), '').join('\n')}\n`;
  return doubleDollars ? printed.replaceAll('$', '$$$$') : printed;
}

/** As `config --no-interpolate` prints it. Throws UserErrors, UserError. */
export async function rawModelYaml(request: LoadRequest): Promise<string> {
  const raw = await withRemotes(request, (remotes) => loadRaw(request, diskReader, remotes));
  return `${mappingLines(sorted(raw) as Tree, '').join('\n')}\n`;
}

const SECTIONS = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'] as const;

function printable(project: Project): Tree {
  const result: Tree = emptyObject();
  result.name = project.name;
  for (const section of SECTIONS) {
    const entries = (project[section] ?? {}) as unknown as Tree;
    if (section !== 'services' && Object.keys(entries).length === 0) continue;
    result[section] = mapOf(entries, (entry) => complete(section === 'services' ? withoutName(entry) : entry));
  }
  return Object.assign(result, sorted(project.extensions as Tree));
}

const withoutName = ({ name: _, ...service }: Tree): Tree => service;

/** Attributes whose keys are names: those are put in natural order, the others have an order of their own. */
const MAPS: ReadonlySet<string> = new Set(
  'additional_contexts annotations args aux_addresses depends_on driver_opts environment labels models networks options storage_opt sysctls ulimits'.split(
    ' ',
  ),
);

/** JSON says null and {} where YAML says nothing, and leaves the extensions out. */
function complete(value: Plain, key = ''): Plain {
  if (Array.isArray(value)) return key === 'ssh' ? value.map(sshKey) : value.map((item) => complete(item));
  if (!isTree(value)) return value;
  if (MAPS.has(key))
    return mapOf(value, (entry) => complete(key === 'ulimits' ? { soft: 0, hard: 0, ...entry } : entry));
  const result: Tree = emptyObject();
  for (const [name, item] of Object.entries(value)) if (!saysNothing(name, item)) result[name] = complete(item, name);
  return Object.assign(result, sorted(extensionsOf(value)));
}

function saysNothing(key: string, value: Plain): boolean {
  if (key === 'command' || key === 'entrypoint') return value === null;
  if (!isTree(value) || Object.keys(extensionsOf(value)).length > 0) return false;
  if (key === 'exec') return Object.keys(value).length === 1 && value.command === null;
  return ['resources', 'placement', 'ipam'].includes(key) && Object.keys(value).length === 0;
}

/** A list, but each of its items is printed like the entry of a mapping. */
const sshKey = (key: Plain): Plain => String(key).replace('=', ': ');

function mapOf(tree: Tree, change: (entry: Tree) => Plain): Tree {
  const result: Tree = emptyObject();
  for (const key of Object.keys(tree).sort(naturalOrder)) {
    const value = tree[key]!;
    result[key] = isTree(value) ? change(value) : value;
  }
  return result;
}

function sorted(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTree(value)) return value;
  const result: Tree = emptyObject();
  for (const key of Object.keys(value).sort(naturalOrder)) result[key] = sorted(value[key]!);
  return result;
}

function mappingLines(tree: Tree, indent: string): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    valueLines(`${indent}${textYaml(key, '', true)}:`, value, indent),
  );
}

/** `head` is what stands before the value on its first line. */
function valueLines(head: string, value: Plain, indent: string): string[] {
  const inner = `${indent}  `;
  if (isTree(value)) return Object.keys(value).length === 0 ? [`${head} {}`] : [head, ...mappingLines(value, inner)];
  if (Array.isArray(value)) return value.length === 0 ? [`${head} []`] : [head, ...sequenceLines(value, inner)];
  return [`${head} ${scalarYaml(value, inner)}`];
}

function sequenceLines(items: readonly Plain[], indent: string): string[] {
  return items.flatMap((item) => {
    const inner = `${indent}  `;
    const empty =
      typeof item === 'object' && item !== null && Object.keys(item).length === 0 && !(item instanceof Date);
    if (empty) return [`${indent}- ${Array.isArray(item) ? '[]' : '{}'}`];
    if (!isTree(item) && !Array.isArray(item)) return [`${indent}- ${scalarYaml(item, inner)}`];
    const [first, ...rest] = Array.isArray(item) ? sequenceLines(item, inner) : mappingLines(item, inner);
    return [`${indent}- ${first!.slice(inner.length)}`, ...rest];
  });
}

function scalarYaml(value: Exclude<Plain, Tree | Plain[]>, indent: string): string {
  if (typeof value === 'string') return textYaml(value, indent);
  if (typeof value === 'number') return numberYaml(value);
  return value instanceof Date ? value.toISOString().replace('.000Z', 'Z') : String(value);
}

/** Services alone, as an override file. */
export const servicesYaml = (services: Readonly<Record<string, { readonly image: string }>>): string =>
  `${mappingLines({ services: services as unknown as Tree }, '').join('\n')}\n`;
