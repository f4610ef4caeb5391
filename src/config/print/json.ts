/** A project as `docker compose config --format json` prints it. */
import type { Project } from '../../model/project.js';
import { problem } from '../problems.js';
import { isTree, listAt, type Tree, treeAt } from '../resolve/tree-access.js';
import { emptyObject, type Plain } from '../tree/plain.js';

/** Text that ends without a line break. `doubleDollars`: a dollar sign in a value becomes two, so that it can be read again. Throws UserError `not-printable`. */
export function projectJson(project: Project, doubleDollars = true): string {
  const printed = jsonText(printable(project), 0);
  return doubleDollars ? printed.replaceAll('$', '$$$$') : printed;
}

/** What `loadRaw` gives, with sorted keys. Text that ends without a line break. */
export const rawJson = (raw: Tree): string => jsonText(sortedDeep(raw), 0);

function sortedDeep(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (!isTree(value)) return value;
  const result: Tree = emptyObject();
  for (const key of Object.keys(value).sort()) result[key] = sortedDeep(value[key]!);
  return result;
}

/** Of what has no meaning to it the reference prints an empty list as null. */
function withoutEmptyLists(value: Plain): Plain {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(withoutEmptyLists);
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutEmptyLists(item)]));
}

function printable(project: Project): Tree {
  const result: Tree = emptyObject();
  result.name = project.name;
  for (const section of ['configs', 'networks', 'secrets', 'services', 'volumes'] as const) {
    const entries = project[section] as unknown as Tree;
    if (section !== 'services' && Object.keys(entries).length === 0) continue;
    result[section] = section === 'services' ? mapServices(entries) : entries;
  }
  Object.assign(result, withoutEmptyLists(sortedDeep(project.extensions as Tree)));
  return sorted(result);
}

function sorted(tree: Tree): Tree {
  const result: Tree = emptyObject();
  for (const key of Object.keys(tree).sort()) result[key] = tree[key]!;
  return result;
}

function mapServices(services: Tree): Tree {
  const result: Tree = emptyObject();
  for (const [name, service] of Object.entries(services))
    result[name] = isTree(service) ? printableService(name, service) : service;
  return result;
}

function printableService(name: string, { name: _, ...service }: Tree): Tree {
  const paths = listAt(treeAt(service, 'build'), 'ssh').filter((key) => String(key).includes('='));
  if (paths.length > 0) {
    // The reference fails here too: its JSON has no form for a key with a path.
    throw problem(
      'not-printable',
      `services.${name}.build.ssh names a path, which the JSON form cannot hold.`,
      undefined,
      ['Print it with --format yaml.'],
    );
  }
  return isTree(service.blkio_config) ? { ...service, blkio_config: capitalised(service.blkio_config) } : service;
}

/** The one place where the reference prints names that no config has: `Path`, `Rate`, `Weight`. */
function capitalised(blkio: Tree): Tree {
  const result: Tree = emptyObject();
  for (const [key, value] of Object.entries(blkio)) {
    result[key] = Array.isArray(value) ? value.map((item) => (isTree(item) ? capitalKeys(item) : item)) : value;
  }
  return result;
}

const capitalKeys = (item: Tree): Tree =>
  Object.fromEntries(Object.entries(item).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]));

/** Two spaces a level; `<`, `>`, `&` and two line separators escaped, as Go does it. */
function jsonText(value: Plain, level: number): string {
  const pad = '  '.repeat(level + 1);
  const end = `\n${'  '.repeat(level)}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => pad + jsonText(item, level + 1)).join(',\n')}${end}]`;
  }
  if (isTree(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    return `{\n${entries.map(([key, item]) => `${pad}${stringText(key)}: ${jsonText(item, level + 1)}`).join(',\n')}${end}}`;
  }
  return scalarText(value);
}

function scalarText(value: Exclude<Plain, Tree | Plain[]>): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value);
  return value instanceof Date ? stringText(value.toISOString().replace('.000Z', 'Z')) : String(value);
}

const stringText = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const numberText = (value: number): string => String(value).replace(/e([+-])(\d)$/, 'e$10$2');
