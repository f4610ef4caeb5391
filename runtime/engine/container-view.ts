/** What clients are shown of a container beyond its record: addresses, paths, sizes. */
import { join } from 'node:path';
import type { Endpoint, EndpointRequest } from '../network/types.js';
import type { StorageDriver } from '../snapshots/types.js';
import type { Container } from './container.js';
import { containerFilePaths } from './container-files.js';
import type { Engine } from './engine.js';
import type { PortBinding } from './host-config.js';
import { logPath } from './log-config.js';
import { containerDirectory } from './paths.js';
import { publishedPorts } from './ports.js';
import type { EndpointSettings } from './types.js';

export interface NetworkView {
  readonly name: string;
  readonly settings: EndpointSettings;
  readonly networkId: string;
  /** Undefined while it does not run. */
  readonly endpoint: Endpoint | undefined;
  /** By which it can be found there; null on a predefined network and before the first start. */
  readonly dnsNames: readonly string[] | null;
}

export interface ContainerView {
  readonly container: Container;
  readonly networks: readonly NetworkView[];
  readonly ports: Readonly<Record<string, PortBinding[] | null>>;
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  readonly logPath: string;
  readonly netnsPath: string;
  readonly execIds: readonly string[];
  readonly driver: StorageDriver['name'];
  /** Folders of the writable root, as overlay takes them. */
  readonly root: {
    readonly lower: readonly string[];
    readonly upper: string;
    readonly work: string;
    readonly mountpoint: string;
  };
}

/** Its name, its aliases, its short id and its host name, each once. */
function dnsNamesOf({ record }: Container, settings: EndpointSettings): string[] {
  const short = record.id.slice(0, 12);
  return [...new Set([record.name, ...(settings.Aliases ?? []), short, record.config.Hostname])].filter(Boolean);
}

export function networkViews(engine: Engine, container: Container): NetworkView[] {
  const { record } = container;
  const endpoints = record.running?.endpoints ?? [];
  return Object.entries(record.networks).map(([name, settings]) => {
    const network = engine.foundations.networks.find(name);
    const held = endpoints.find(
      ({ endpoint }: { endpoint: Endpoint; request: EndpointRequest }) => endpoint.networkId === network?.id,
    );
    const known = record.startedBefore || held !== undefined;
    return {
      name,
      settings,
      networkId: known ? (network?.id ?? '') : '',
      endpoint: container.isRunning ? held?.endpoint : undefined,
      dnsNames: known && network?.predefined === false ? dnsNamesOf(container, settings) : null,
    };
  });
}

export function containerView(engine: Engine, container: Container): ContainerView {
  const { record } = container;
  const { paths, snapshots } = engine.foundations;
  const { running } = record;
  const isUp = container.isRunning && running !== undefined;
  return {
    container,
    networks: networkViews(engine, container),
    ports: isUp ? publishedPorts(record.config.ExposedPorts, running.ports) : {},
    files: containerFilePaths(engine, container),
    logPath:
      record.hostConfig.LogConfig.Type === 'json-file' && record.startedBefore
        ? logPath(containerDirectory(paths, record.id))
        : '',
    netnsPath: isUp ? join('/proc', String(record.state.Pid), 'ns/net') : '',
    execIds: [...container.execIds].filter((id) => ['created', 'running'].includes(engine.execs.get(id)?.state ?? '')),
    driver: snapshots.driver.name,
    root: snapshots.get(record.id, record.chainId),
  };
}

/** Bytes that the container wrote, and those together with its image's. */
export async function containerSizes(engine: Engine, container: Container): Promise<{ rw: number; root: number }> {
  const { images, snapshots } = engine.foundations;
  const rw = await snapshots.upperBytes(container.id, container.record.chainId).catch(() => 0);
  return { rw, root: rw + (images.find(container.record.imageId)?.sizeBytes ?? 0) };
}

/** Path of the log that can be read; undefined with the driver `none`. */
export function readableLog(engine: Engine, container: Container): string | undefined {
  if (container.record.hostConfig.LogConfig.Type === 'none') return undefined;
  return logPath(containerDirectory(engine.foundations.paths, container.id));
}
