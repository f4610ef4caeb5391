/**
 * What can still be read of a config with mistakes in it. The parts that are wrong are left out, so that the stages behind
 * find what else is wrong and a person hears of everything at once.
 */
import type { Problems } from './problems.js';
import { mapChildren, mapping, type Node, type Path } from './tree/node.js';
import { nearest } from './validate/suggest.js';

/** What others refer to by name. */
export const SECTIONS = ['services', 'volumes', 'networks', 'secrets', 'configs', 'models'] as const;

/**
 * The tree without every node that a mistake was found at; the same tree where there is none. From then on `problems` takes
 * no complaint about those nodes, nor about what they stand in: that something is missing there may be our doing.
 */
export function withoutMistakes<T extends Node>(root: T, problems: Problems): T {
  if (!problems.found) return root;
  return (pruned(root, [], problems) ?? mapping(new Map(), root.at)) as T;
}

function pruned(node: Node, path: Path, problems: Problems): Node | undefined {
  if (problems.isBroken(node.at)) return leftOut(node, path, problems);
  let lost = false;
  const kept = mapChildren(node, (value, key) => {
    const below = [...path, key];
    const mark = node.kind === 'mapping' ? node.entries.get(key)!.key : value.at;
    const rest = problems.isBroken(mark) ? leftOut(value, below, problems) : pruned(value, below, problems);
    if (rest !== value) {
      lost = true;
      problems.silence(mark);
    }
    return rest;
  });
  if (lost) problems.silence(node.at);
  return kept;
}

/** A service, network… stays as a name, since others may refer to it; of a section that cannot be read anything may be there. */
function leftOut(node: Node, path: Path, problems: Problems): Node | undefined {
  problems.silence(node.at);
  const [section, name] = path;
  if (section === undefined) problems.missing(SECTIONS);
  else if (name === undefined) problems.missing([nearest(section, SECTIONS) ?? section]);
  return path.length === 2 ? mapping(new Map(), node.at) : undefined;
}
