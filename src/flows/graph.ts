/** `viz`: the project as a graph, in DOT or Mermaid. */
import type { Project, Service } from '../model/project.js';
import type { Session } from './session.js';

export interface GraphWish {
  readonly format: 'dot' | 'mermaid';
  readonly ports: boolean;
  readonly networks: boolean;
  readonly image: boolean;
  readonly volumes: boolean;
  readonly indent: string;
}

export async function drawGraph(session: Session, services: readonly string[], wish: GraphWish): Promise<string> {
  const { project } = await session.load(services);
  return wish.format === 'dot' ? toDot(project, wish) : toMermaid(project, wish);
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly condition: string;
  readonly required: boolean;
}

const edgesOf = (project: Project): Edge[] =>
  Object.values(project.services).flatMap(({ name, depends_on }) =>
    Object.entries(depends_on ?? {})
      .filter(([to]) => project.services[to])
      .map(([to, { condition, required }]) => ({
        from: name,
        to,
        condition: condition.replace(/^service_/, ''),
        required,
      })),
  );

const portsOf = (service: Service): string[] =>
  (service.ports ?? []).map(({ host_ip, published, target, protocol }) => {
    const host = [host_ip, published].filter(Boolean).join(':');
    return `${host ? `${host}->` : ''}${target}${protocol === 'tcp' ? '' : `/${protocol}`}`;
  });

/** Lines below a service's name. */
const factsOf = (service: Service, { image, ports, networks }: GraphWish): string[] => [
  ...(image ? [service.image ?? 'built here'] : []),
  ...(ports ? portsOf(service) : []),
  ...(networks ? Object.keys(service.networks ?? {}).map((name) => `network ${name}`) : []),
];

const mountsOf = (service: Service): string[] => [
  ...new Set((service.volumes ?? []).flatMap(({ type, source }) => (type === 'volume' && source ? [source] : []))),
];

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

function toDot(project: Project, wish: GraphWish): string {
  const { indent } = wish;
  const lines = [
    `digraph ${quoted(project.name)} {`,
    `${indent}layout=dot;`,
    `${indent}node [shape=box, style=rounded];`,
  ];
  for (const service of Object.values(project.services)) {
    const label = [service.name, ...factsOf(service, wish)].map((line) => line.replace(/["\\]/g, '\\$&')).join('\\n');
    lines.push(`${indent}${quoted(service.name)} [label="${label}"];`);
  }
  for (const { from, to, condition, required } of edgesOf(project)) {
    const style = required ? '' : ', style=dashed';
    lines.push(`${indent}${quoted(from)} -> ${quoted(to)} [label=${quoted(condition)}${style}];`);
  }
  if (wish.volumes) {
    for (const name of Object.keys(project.volumes))
      lines.push(`${indent}${quoted(`volume:${name}`)} [label=${quoted(name)}, shape=cylinder];`);
    for (const service of Object.values(project.services)) {
      for (const name of mountsOf(service))
        lines.push(`${indent}${quoted(service.name)} -> ${quoted(`volume:${name}`)} [style=dotted];`);
    }
  }
  return `${[...lines, '}'].join('\n')}\n`;
}

/** Ids that Mermaid takes whatever the names are; `end` is a word of its own there. */
const idOf = (kind: string, name: string): string =>
  `${kind}_${name.replace(/[^A-Za-z0-9]/g, (char) => `_${char.charCodeAt(0)}_`)}`;

const escaped = (text: string): string => text.replaceAll('"', '#quot;');

function toMermaid(project: Project, wish: GraphWish): string {
  const { indent } = wish;
  const lines = ['flowchart LR'];
  for (const service of Object.values(project.services)) {
    const label = [service.name, ...factsOf(service, wish)].map(escaped).join('<br/>');
    lines.push(`${indent}${idOf('s', service.name)}["${label}"]`);
  }
  for (const { from, to, condition, required } of edgesOf(project)) {
    lines.push(`${indent}${idOf('s', from)} ${required ? '-->' : '-.->'}|${condition}| ${idOf('s', to)}`);
  }
  if (wish.volumes) {
    for (const name of Object.keys(project.volumes)) lines.push(`${indent}${idOf('v', name)}[("${escaped(name)}")]`);
    for (const service of Object.values(project.services)) {
      for (const name of mountsOf(service)) lines.push(`${indent}${idOf('s', service.name)} --- ${idOf('v', name)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
