/** Volumes of a service in their long form: Compose Specification, "volumes". */
import { problem } from '../problems.js';
import { child, isText, type Node, withEntries } from '../tree/node.js';
import { fromPlain, type Plain } from '../tree/plain.js';
import { cleanPath, isHostPath, parseVolume } from './volume-syntax.js';

const PROPAGATIONS: ReadonlySet<string> = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** Throws UserError `bad-volume`. */
export function longVolume(node: Node): Node {
  if (!isText(node)) return withCleanTarget(node);
  const parsed = parseVolume(node.value);
  if (!parsed) {
    throw problem(
      'bad-volume',
      `The volume ${JSON.stringify(node.value)} has an empty part or too many colons.`,
      node.at,
      ['Write SOURCE:TARGET or SOURCE:TARGET:ro.'],
    );
  }
  const bind = parsed.source !== undefined && isHostPath(parsed.source);
  const volume: { [key: string]: Plain } = { type: bind ? 'bind' : 'volume' };
  if (parsed.source !== undefined) volume.source = parsed.source;
  volume.target = cleanPath(parsed.target);
  const options: { [key: string]: Plain } = bind ? { create_host_path: true } : {};
  for (const mode of parsed.modes) applyMode(mode, bind, volume, options);
  volume[bind ? 'bind' : 'volume'] = options;
  return fromPlain(volume, node.at);
}

function applyMode(
  mode: string,
  bind: boolean,
  volume: { [key: string]: Plain },
  options: { [key: string]: Plain },
): void {
  if (mode === 'ro') volume.read_only = true;
  else if (mode === 'rw') volume.read_only = false;
  else if (mode === 'nocopy' && !bind) options.nocopy = true;
  else if ((mode === 'z' || mode === 'Z') && bind) options.selinux = mode;
  else if (PROPAGATIONS.has(mode) && bind) options.propagation = mode;
}

function withCleanTarget(node: Node): Node {
  const target = child(node, 'target');
  if (node.kind !== 'mapping' || !isText(target) || target.value === '') return node;
  return withEntries(node, [['target', { ...target, value: cleanPath(target.value) }]]);
}
