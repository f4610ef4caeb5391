/** `environment: [NAME]`: a variable without value takes it from the surroundings, when they have one. */
import type { Lookup } from '../interpolate/template.js';
import { isNull, isText, mapChildren, type Node, type Scalar, scalar } from '../tree/node.js';

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
  return mapChildren(environment, (value, name) => {
    if (environment.kind === 'sequence') return isText(value) ? filledItem(value, lookup) : value;
    if (!isNull(value)) return value;
    const text = lookup(name);
    return text === undefined ? value : scalar(text, value.at);
  });
}

/** An item without `=` is a name alone. */
function filledItem(item: Scalar & { readonly value: string }, lookup: Lookup): Node {
  if (item.value.includes('=')) return item;
  const text = lookup(item.value);
  return text === undefined ? item : { ...item, value: `${item.value}=${text}` };
}
