/** `extra_hosts` as a list of `name=address`: Compose Specification, "extra_hosts". */
import { isText, type Mapping, type Node, type Scalar, scalar, sequence } from '../tree/node.js';

/** Both forms give the list, in which a name may stand several times. What is of another form stays for the schema to refuse. */
export function extraHosts(node: Node): Node {
  if (node.kind === 'mapping') return fromMapping(node);
  if (isText(node)) return sequence(hostsOf(node), node.at);
  if (node.kind !== 'sequence') return node;
  return { ...node, items: node.items.flatMap((item) => (isText(item) ? hostsOf(item) : [item])) };
}

function fromMapping(node: Mapping): Node {
  const items: Node[] = [];
  for (const [name, { key, value }] of node.entries) {
    for (const address of value.kind === 'sequence' ? value.items : [value]) {
      if (!isText(address)) return node;
      items.push(scalar(`${name}=${withoutBrackets(address.value)}`, key));
    }
  }
  return sequence(items, node.at);
}

/** `name:address` and `name=address,address`; an item without address is left for decoding to refuse. */
function hostsOf(item: Scalar & { value: string }): Node[] {
  const equals = item.value.indexOf('=');
  const at = equals === -1 ? item.value.indexOf(':') : equals;
  if (at === -1) return [item];
  const name = item.value.slice(0, at);
  const addresses = item.value.slice(at + 1).split(',');
  return addresses.map((address) => ({ ...item, value: `${name}=${withoutBrackets(address)}` }));
}

const withoutBrackets = (address: string): string => address.replace(/^\[(.*)\]$/, '$1');
