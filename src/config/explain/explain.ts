/** Where the value at a path of the config comes from, layer by layer: `devenv config --explain PATH`. */
import { resolve } from 'node:path';
import type { Location } from '../../errors.js';
import { loadFrom, loadMerged, type Merged } from '../load.js';
import { problem } from '../problems.js';
import { locationOf, type Mark } from '../read/source.js';
import { diskReader, type FileReader } from '../reader.js';
import type { Remotes } from '../remote/remote.js';
import { child, type Mapping, type Node } from '../tree/node.js';
import { type Plain, toPlain } from '../tree/plain.js';
import type { LoadRequest } from '../types.js';
import { nearest } from '../validate/suggest.js';
import { lineOf } from './dotenv-line.js';
import { type UsedVariable, usedVariables } from './variables.js';

/** One place that says something about the value; the first one of a list has the last word. */
export interface Layer {
  readonly value: Plain;
  readonly location: Location | undefined;
  /** The line as it stands in the file. */
  readonly line: string | undefined;
  readonly variables: readonly UsedVariable[];
}

export interface Explanation {
  readonly path: string;
  /** Undefined: the config has nothing there. */
  readonly value: Plain | undefined;
  /** From the one that won to the first that was overridden; empty for what no file says. */
  readonly layers: readonly Layer[];
  /** For a mapping or a list: each value below, with its own layers. */
  readonly below: readonly Explanation[];
}

/** Throws UserError `no-such-path`, and what loading throws. */
export function explainPath(
  request: LoadRequest,
  path: string,
  reader: FileReader = diskReader,
  remotes?: Remotes,
): Explanation {
  const merged = loadMerged({ ...request, profiles: ['*'] }, reader, remotes);
  const { project } = loadFrom({ ...request, profiles: ['*'] }, reader, remotes);
  const parts = splitPath(path);
  const final = { ...project, disabledServices: undefined } as unknown as Plain;
  const value = valueAt(final, parts);
  const found = nodeAt(merged.model, parts);
  if (value === undefined && found === undefined) throw noSuchPath(path, parts, final);
  const context = { merged, request, reader, final };
  return explainNode(path, found, value, context);
}

interface Context {
  readonly merged: Merged;
  readonly request: LoadRequest;
  readonly reader: FileReader;
  readonly final: Plain;
}

function explainNode(path: string, node: Found | undefined, value: Plain | undefined, context: Context): Explanation {
  const fromFile = envFileLayers(path, context);
  const shown = value === undefined && node ? toPlain(node.node) : value;
  if (shown !== null && typeof shown === 'object' && !(shown instanceof Date)) {
    const entries: [string, Plain][] = Array.isArray(shown)
      ? shown.map((item, index) => [String(index), item])
      : Object.entries(shown).filter(([key]) => !(key === 'name' && /^services\.[^.]+$/.test(path)));
    // Of `command: a b` the parts stand nowhere by themselves.
    const whole = node?.node.kind === 'scalar' ? node : undefined;
    const below = entries.map(([key, item]) =>
      explainNode(`${path}.${key}`, nodeAt(node?.node, [key]) ?? whole, item, context),
    );
    return { path, value: shown, layers: node ? layersOf(node, context).slice(1) : [], below };
  }
  return { path, value: shown, layers: [...(node ? layersOf(node, context) : []), ...fromFile], below: [] };
}

interface Found {
  readonly node: Node;
  readonly key: Mark;
}

/** The longest key that fits is taken, since a name may have dots itself. */
function nodeAt(node: Node | undefined, parts: readonly string[]): Found | undefined {
  if (node === undefined) return undefined;
  for (let length = parts.length; length > 0; length -= 1) {
    const key = parts.slice(0, length).join('.');
    const next = child(node, key);
    if (next === undefined) continue;
    const mark = node.kind === 'mapping' ? (node as Mapping).entries.get(key)!.key : next.at;
    if (length === parts.length) return { node: next, key: mark };
    const found = nodeAt(next, parts.slice(length));
    if (found) return found;
  }
  return undefined;
}

function valueAt(value: Plain | undefined, parts: readonly string[]): Plain | undefined {
  if (parts.length === 0) return value;
  if (value === null || typeof value !== 'object' || value instanceof Date) return undefined;
  for (let length = parts.length; length > 0; length -= 1) {
    const key = parts.slice(0, length).join('.');
    if (!Object.hasOwn(value, key)) continue;
    const found = valueAt((value as { [key: string]: Plain })[key], parts.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `services.api.ports[0]` is `services.api.ports.0`. */
const splitPath = (path: string): string[] =>
  path
    .replace(/\[(\d+)\]/g, '.$1')
    .replace(/\["?([^\]"]+)"?\]/g, '.$1')
    .split('.')
    .filter((part) => part !== '');

function layersOf({ node, key }: Found, context: Context): Layer[] {
  const layers: Layer[] = [];
  for (let at: Node | undefined = node, mark = node.at; at !== undefined; at = at.replaced) {
    mark = layers.length === 0 && key.source === at.at.source ? key : at.at;
    const layer = layerAt(toPlain(at), mark, context);
    const repeated = layers.some((one) => JSON.stringify(one.location) === JSON.stringify(layer.location));
    if (!repeated) layers.push(layer);
  }
  return layers.filter(({ location }) => location !== undefined);
}

function layerAt(value: Plain, mark: Mark, { merged, request, reader }: Context): Layer {
  if (mark.source.text === '') return { value, location: undefined, line: undefined, variables: [] };
  const location = locationOf(mark);
  const line = mark.source.text.split('\n')[location.line - 1]?.trimEnd();
  return { value, location, line, variables: usedVariables(line ?? '', merged, request, reader) };
}

/** What the env files of a service say of a variable, the last one first. */
function envFileLayers(path: string, { final, reader, merged }: Context): Layer[] {
  const match = /^services\.(.+)\.environment\.([^.]+)$/.exec(path);
  const files = match ? valueAt(final, ['services', match[1]!, 'env_file']) : undefined;
  const own = match ? nodeAt(merged.model, ['services', match[1]!, 'env_file'])?.node : undefined;
  const listed = files ?? (own ? toPlain(own) : undefined);
  if (!match || !Array.isArray(listed)) return [];
  return listed
    .flatMap((entry) => {
      const name = typeof entry === 'string' ? entry : String((entry as { path?: Plain }).path ?? '');
      const file = resolve(merged.found.folder, name);
      const place = reader.kind(file) === 'file' ? lineOf(reader.read(file), match[2]!) : undefined;
      if (!place) return [];
      return [{ value: place.value, location: { file, line: place.line, column: 1 }, line: place.text, variables: [] }];
    })
    .reverse();
}

function noSuchPath(path: string, parts: readonly string[], final: Plain): Error {
  let length = parts.length - 1;
  while (length > 0 && valueAt(final, parts.slice(0, length)) === undefined) length -= 1;
  const above = valueAt(final, parts.slice(0, length));
  const keys = above !== null && typeof above === 'object' ? Object.keys(above as object) : [];
  const near = nearest(parts[length] ?? '', keys);
  const where = parts.slice(0, length).join('.');
  return problem('no-such-path', `The config has nothing at ${path}.`, undefined, [
    near
      ? `Did you mean ${[where, near].filter(Boolean).join('.')}?`
      : `${where || 'It'} has ${keys.filter((key) => key !== 'disabledServices').join(', ') || 'nothing'}.`,
  ]);
}
