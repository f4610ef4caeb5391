/** `environment: [NAME]`: a variable without value takes it from the surroundings, when they have one. */
import type { Lookup } from '../interpolate/template.js';
import { isNull, mapChildren, type Node, scalar } from '../tree/node.js';

/** On a config in its long form. */
export function fillVariables(root: Node, lookup: Lookup): Node {
  return mapChildren(root, (section, key) => {
    if (key !== 'services') return section;
    return mapChildren(section, (service) =>
      mapChildren(service, (value, attribute) => (attribute === 'environment' ? fill(value, lookup) : value)),
    );
  });
}

function fill(environment: Node, lookup: Lookup): Node {
  if (environment.kind !== 'mapping') return environment;
  return mapChildren(environment, (value, name) => {
    if (!isNull(value)) return value;
    const text = lookup(name);
    return text === undefined ? value : scalar(text, value.at);
  });
}
