/** hosts, hostname and resolv.conf: the engine's files of a container, bound over the image's. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { MountSpec } from '../launch/spec.js';
import type { Endpoint } from '../network/types.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { parseLink } from './links.js';
import { containerDirectory } from './paths.js';

const NAMES = ['hosts', 'hostname', 'resolv.conf'] as const;

const LOCAL_LINES = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** Text of a hosts file. Pure; the order is Docker's: local names, extra hosts, own addresses, links. */
function composeHosts(given: {
  readonly extraHosts: readonly string[];
  readonly hostGateway: () => string;
  readonly addresses: readonly string[];
  readonly hostname: string;
  readonly domainname: string;
  readonly links: readonly string[];
}): string {
  const extra = extraLines(given);
  const names = given.domainname === '' ? given.hostname : `${given.hostname}.${given.domainname} ${given.hostname}`;
  const own = given.addresses.map((address) => `${address}\t${names}`);
  return `${[...LOCAL_LINES, ...extra, ...own, ...given.links].join('\n')}\n`;
}

function extraLines(given: { readonly extraHosts: readonly string[]; readonly hostGateway: () => string }): string[] {
  return given.extraHosts.map((entry) => {
    const at = entry.search(/[:=]/);
    const address = entry.slice(at + 1).replace(/^\[|\]$/g, '');
    return `${address === 'host-gateway' ? given.hostGateway() : address}\t${entry.slice(0, at)}`;
  });
}

/** `IP ALIAS HOSTNAME NAME` of each linked container that runs, as on Docker's default bridge. */
function linkLines(engine: Engine, container: Container): string[] {
  return (container.record.hostConfig.Links ?? []).flatMap((link) => {
    const { to, alias } = parseLink(link);
    const other = engine.containers.find(to);
    const address = other?.record.running?.endpoints[0]?.endpoint.ipv4;
    if (other === undefined || address === undefined) return [];
    return [`${address}\t${[...new Set([alias, other.record.config.Hostname, other.name])].join(' ')}`];
  });
}

async function hostsText(engine: Engine, container: Container, endpoints: readonly Endpoint[]): Promise<string> {
  const { hostConfig, config } = container.record;
  const hosts = composeHosts({
    extraHosts: hostConfig.ExtraHosts ?? [],
    hostGateway: () => engine.foundations.networks.hostGateway(endpoints),
    addresses: endpoints.flatMap((endpoint) => [endpoint.ipv4, endpoint.ipv6].filter((one) => one !== undefined)),
    hostname: config.Hostname,
    domainname: config.Domainname,
    links: linkLines(engine, container),
  });
  if (hostConfig.NetworkMode !== 'host') return hosts;
  const machine = await readFile('/etc/hosts', 'utf8').catch(() => '');
  return machine + hosts.slice(LOCAL_LINES.join('\n').length + 1);
}

/** The container whose network, and with it whose files, this one shares. */
function sharedWith(engine: Engine, container: Container): Container | undefined {
  const name = /^container:(.+)$/.exec(container.record.hostConfig.NetworkMode)?.[1];
  if (name === undefined) return undefined;
  const owner = engine.containers.find(name);
  if (owner === undefined)
    throw new EngineError('system', `joining network namespace of container: No such container: ${name}`);
  return owner;
}

/** The three files; none for one that shares another's. */
export async function containerFiles(
  engine: Engine,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<{ path: string; text: string }[]> {
  if (sharedWith(engine, container) !== undefined) return [];
  const { hostConfig, config } = container.record;
  const directory = containerDirectory(engine.foundations.paths, container.id);
  const [hosts, resolv] = await Promise.all([
    hostsText(engine, container, endpoints),
    engine.foundations.networks.resolvConf({
      endpoints,
      hostNetwork: hostConfig.NetworkMode === 'host',
      dns: hostConfig.Dns ?? [],
      dnsSearch: hostConfig.DnsSearch ?? [],
      dnsOptions: hostConfig.DnsOptions ?? [],
    }),
  ]);
  return [
    { path: join(directory, 'hosts'), text: hosts },
    { path: join(directory, 'hostname'), text: `${config.Hostname}\n` },
    { path: join(directory, 'resolv.conf'), text: resolv },
  ];
}

/** What a build step has of them; its hosts file is BuildKit's, whatever network the step is in. */
export async function writeStepFiles(
  engine: Engine,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<void> {
  await writeContainerFiles(engine, container, endpoints);
  const { hostConfig, config } = container.record;
  const hostGateway = () => engine.foundations.networks.hostGateway(endpoints);
  const lines = [
    `127.0.0.1\tlocalhost ${config.Hostname}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...extraLines({ extraHosts: hostConfig.ExtraHosts ?? [], hostGateway }),
  ];
  await writeFile(join(containerDirectory(engine.foundations.paths, container.id), 'hosts'), `${lines.join('\n')}\n`);
}

/** Writes them; those of a running container keep their inode, as it holds them bound. */
export async function writeContainerFiles(
  engine: Engine,
  container: Container,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const files = await containerFiles(engine, container, endpoints);
  await Promise.all(files.map(({ path, text }) => writeFile(path, text)));
}

/** Their bind mounts, but where the container mounts something of its own. */
export function containerFileMounts(engine: Engine, container: Container, taken: ReadonlySet<string>): MountSpec[] {
  const owner = sharedWith(engine, container) ?? container;
  const directory = containerDirectory(engine.foundations.paths, owner.id);
  return NAMES.filter((name) => !taken.has(`/etc/${name}`)).map((name) => ({
    kind: 'bind',
    source: join(directory, name),
    target: `/etc/${name}`,
    readOnly: container.record.hostConfig.ReadonlyRootfs,
    recursive: false,
    propagation: 'rprivate',
  }));
}

/** Paths as inspect shows them; empty before the first start. */
export function containerFilePaths(engine: Engine, container: Container) {
  const directory = containerDirectory(engine.foundations.paths, container.id);
  const path = (name: string) => (container.record.startedBefore ? join(directory, name) : '');
  return { hosts: path('hosts'), hostname: path('hostname'), resolvConf: path('resolv.conf') };
}
