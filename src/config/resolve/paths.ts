/** Relative paths become absolute: they start from the folder of the project, or of the file that extends or includes. */
import { isAbsolute, resolve } from 'node:path';
import { child, isText, mapChildren, type Node, withEntries } from '../tree/node.js';
import { type Rules, ruleForItem, ruleForKey, rulesFrom } from '../tree/rules.js';

export interface PathBase {
  readonly folder: string;
  /** `~`; undefined: a tilde stays. */
  readonly home: string | undefined;
}

type Resolve = (node: Node, base: PathBase) => Node;

export function absolutePath(path: string, { folder, home }: PathBase): string {
  if (path.startsWith('~') && home !== undefined) return resolve(home, `.${path.slice(1).replace(/^(?!\/)/, '/')}`);
  return isAbsolute(path) ? path : resolve(folder, path);
}

/** Git, HTTP and the like: not a folder on this machine. */
const REMOTE = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@)|^[\w.-]+@[\w.-]+:/;

const ofText =
  (change: (text: string, base: PathBase) => string): Resolve =>
  (node, base) =>
    isText(node) && node.value !== '' ? { ...node, value: change(node.value, base) } : node;

const path = ofText(absolutePath);

const context = ofText((text, base) => (REMOTE.test(text) || /^service:/.test(text) ? text : absolutePath(text, base)));

const additionalContext = ofText((text, base) =>
  REMOTE.test(text) || text.includes('://') || /^service:/.test(text) ? text : absolutePath(text, base),
);

const isWindowsPath = (text: string): boolean => /^[A-Za-z]:[\\/]/.test(text) || text.startsWith('\\\\');

const mountSource: Resolve = (node, base) => {
  const source = child(node, 'source');
  const type = child(node, 'type');
  if (node.kind !== 'mapping' || !isText(source) || !isText(type) || type.value !== 'bind') return node;
  if (isWindowsPath(source.value)) return node;
  return withEntries(node, [['source', { ...source, value: absolutePath(source.value, base) }]]);
};

/** A local volume that is a bind mount in disguise. */
const localDevice: Resolve = (node, base) => {
  const options = child(node, 'driver_opts');
  const driver = child(node, 'driver');
  const [device, kind] = [child(options, 'device'), child(options, 'o')];
  if (node.kind !== 'mapping' || options?.kind !== 'mapping' || !isText(device) || !isText(kind)) return node;
  if (!isText(driver) || driver.value !== 'local' || kind.value !== 'bind') return node;
  const absolute = withEntries(options, [['device', { ...device, value: absolutePath(device.value, base) }]]);
  return withEntries(node, [['driver_opts', absolute]]);
};

const pathRules = (): Rules<Resolve> =>
  rulesFrom<Resolve>({
    'services.*.build.context': context,
    'services.*.build.additional_contexts.*': additionalContext,
    'services.*.build.ssh.*': path,
    'services.*.develop.watch.[].path': path,
    'services.*.env_file.[].path': path,
    'services.*.extends.file': path,
    'services.*.label_file.[]': path,
    'services.*.volumes.[]': mountSource,
    'configs.*.file': path,
    'secrets.*.file': path,
    'secrets.*.x-secret-provider.dotenv': path,
    'volumes.*': localDevice,
  });

/** On a config in its long form. */
export function resolvePaths(root: Node, base: PathBase): Node {
  const walk = (node: Node, rules: Rules<Resolve> | undefined): Node => {
    if (rules === undefined) return node;
    const resolved = rules.here ? rules.here(node, base) : node;
    if (resolved.kind === 'scalar' || rules.below === undefined) return resolved;
    const rulesOf = resolved.kind === 'sequence' ? () => ruleForItem(rules) : (key: string) => ruleForKey(rules, key);
    return mapChildren(resolved, (value, key) => walk(value, rulesOf(key)));
  };
  return walk(root, pathRules());
}
