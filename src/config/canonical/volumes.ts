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
  // The reference takes a text as short as this for a target at once and gives it no options.
  if ([...node.value].length <= 2) return fromPlain(volume, node.at);
  const options = optionsOf(parsed.modes);
  if (options.readOnly) volume.read_only = true;
  if (bind || Object.keys(options.bind).length > 0)
    volume.bind = bind ? { ...options.bind, create_host_path: true } : options.bind;
  if (!bind || Object.keys(options.volume).length > 0) volume.volume = options.volume;
  return fromPlain(volume, node.at);
}

interface ModeOptions {
  readOnly: boolean;
  readonly bind: { [key: string]: Plain };
  readonly volume: { [key: string]: Plain };
}

/** Options are kept whether or not they fit the kind of volume; a mode that nobody knows means nothing. */
function optionsOf(modes: readonly string[]): ModeOptions {
  const options: ModeOptions = { readOnly: false, bind: {}, volume: {} };
  for (const mode of modes) {
    if (mode === 'ro' || mode === 'rw') options.readOnly = mode === 'ro';
    else if (mode === 'nocopy') options.volume.nocopy = true;
    else if (mode === 'z' || mode === 'Z') options.bind.selinux = mode;
    else if (PROPAGATIONS.has(mode)) options.bind.propagation = mode;
  }
  return options;
}

function withCleanTarget(node: Node): Node {
  const target = child(node, 'target');
  if (node.kind !== 'mapping' || !isText(target) || target.value === '') return node;
  return withEntries(node, [['target', { ...target, value: cleanPath(target.value) }]]);
}
