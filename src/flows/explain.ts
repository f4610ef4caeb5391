/** `config --explain`: an explanation as a person reads it. */
import path from 'node:path';
import { type Explanation, explainPath, type Layer } from '../config/explain/explain.js';
import { diskReader } from '../config/reader.js';
import { withRemotes } from '../config/remote/fetch.js';
import type { Session } from './session.js';

export interface ExplainRequest {
  readonly path: string;
  readonly format: 'yaml' | 'json';
  /** Show what looks like a password, too. */
  readonly reveal: boolean;
}

export async function explainConfig(
  session: Session,
  { path: wanted, format, reveal }: ExplainRequest,
): Promise<string> {
  const request = session.loadRequest([]);
  const explanation = await withRemotes(request, (remotes) => explainPath(request, wanted, diskReader, remotes));
  const shown = reveal ? explanation : masked(explanation);
  if (format === 'json') return `${JSON.stringify(shown, undefined, 2)}\n`;
  return `${explain(shown, (file) => shortPath(session.world.cwd, file)).join('\n')}\n`;
}

const shortPath = (cwd: string, file: string): string => {
  const relative = path.relative(cwd, file);
  return relative.startsWith('../..') ? file : relative || file;
};

const secret = /passw|secret|token|credential|private|api_?key|access_?key|auth/i;
const MASK = '********';

/** Values of variables whose names say that they are secret; what is only a place of one (`…_FILE`) is not. */
function masked(one: Explanation): Explanation {
  const name = /\.environment\.([^.]+)$/.exec(one.path)?.[1] ?? '';
  const below = one.below.map(masked);
  const value = below.length
    ? Object.fromEntries(below.map((item) => [item.path.slice(one.path.length + 1), item.value]))
    : one.value;
  const known = Array.isArray(one.value) ? below.map((item) => item.value) : value;
  if (!secret.test(name) || /_FILE$/.test(name)) return { ...one, value: known, below } as Explanation;
  const hide = (text: string | undefined, layer: Layer) =>
    text?.replaceAll(String(layer.value ?? ''), layer.value ? MASK : '');
  const layers = one.layers.map((layer) => ({
    ...layer,
    value: layer.value === null ? null : MASK,
    line: hide(layer.line, layer)?.replace(/(:?[-+])[^}]*\}/g, `$1${MASK}}`),
    variables: layer.variables.map((variable) => ({
      ...variable,
      value: variable.value === undefined ? undefined : MASK,
    })),
  }));
  return { ...one, value: one.value === null ? null : MASK, layers, below };
}

function explain(one: Explanation, short: (file: string) => string): string[] {
  if (one.below.length > 0) {
    const removed = one.layers.map((layer) => `  replaced ${JSON.stringify(layer.value)} of ${placeOf(layer, short)}`);
    const shared = samePlace(one);
    if (shared) return [...leafLines(one, short, ''), ...removed];
    return [`${one.path}`, ...removed, ...one.below.flatMap((item) => leafLines(item, short, '  '))];
  }
  return [`${one.path} = ${JSON.stringify(one.value ?? null)}`, ...layerLines(one, short, '  ')];
}

/** All that is below comes from one place: then it is told once. */
function samePlace({ below }: Explanation): readonly Layer[] | undefined {
  const all = below.map((one) => (one.below.length ? samePlace(one) : one.layers));
  const [first] = all;
  const place = (layers: readonly Layer[] | undefined) => JSON.stringify(layers?.map(({ location }) => location));
  return first?.length && all.every((layers) => layers && place(layers) === place(first)) ? first : undefined;
}

/** A line a value; what was overridden below it. */
function leafLines(one: Explanation, short: (file: string) => string, indent: string): string[] {
  const shared = samePlace(one);
  if (shared) return leafLines({ ...one, layers: shared, below: [] }, short, indent);
  if (one.below.length > 0) return one.below.flatMap((item) => leafLines(item, short, indent));
  return [`${indent}${one.path} = ${JSON.stringify(one.value ?? null)}`, ...layerLines(one, short, `${indent}  `)];
}

function layerLines({ layers }: Explanation, short: (file: string) => string, indent: string): string[] {
  if (layers.length === 0) return [`${indent}no file says it: it is the default, or follows from other values`];
  return layers.flatMap((layer, index) => {
    const what = index === 0 ? 'from     ' : 'overrides';
    const value = index === 0 ? '' : ` = ${JSON.stringify(layer.value)}`;
    return [
      `${indent}${what} ${placeOf(layer, short)}${value}`,
      ...(layer.line === undefined ? [] : [`${indent}          | ${layer.line.trim()}`]),
      ...layer.variables.map(
        ({ name, value: given, from }) =>
          `${indent}          ${name} ${given === undefined ? 'is not set' : `= ${JSON.stringify(given)}`}: ${shortOrigin(from, short)}`,
      ),
    ];
  });
}

const placeOf = ({ location }: Layer, short: (file: string) => string): string =>
  location ? `${short(location.file)}:${location.line}:${location.column}` : 'a default';

const shortOrigin = (from: string, short: (file: string) => string): string =>
  from.startsWith('/')
    ? from.replace(/^(.*):(\d+)$/, (_, file: string, line: string) => `${short(file)}:${line}`)
    : from;
