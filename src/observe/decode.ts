import type { ContainerSummary, NetworkSummary, VolumeSummary } from '../engine/answers.js';
import { composeLabel, configPartsLabel } from '../model/labels.js';
import type { ObservedContainer, ObservedNetwork, ObservedVolume } from '../model/observed.js';

const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;

/**
 * A line of `GET /containers/json`. The list says health and exit code in its `Status` alone (`Up 2 minutes
 * (healthy)`, `Exited (137) 3 seconds ago`); reading them there saves an inspect for each container.
 */
export function decodeContainer(summary: ContainerSummary): ObservedContainer {
  const labels = summary.Labels ?? {};
  return {
    id: summary.Id,
    name: (summary.Names.find((name) => name.lastIndexOf('/') === 0) ?? summary.Names[0] ?? '').replace(/^\//, ''),
    service: labels[composeLabel.service] ?? '',
    replica: Number(labels[composeLabel.containerNumber] ?? 1),
    oneOff: labels[composeLabel.oneOff]?.toLowerCase() === 'true',
    configHash: labels[composeLabel.configHash],
    configParts: decodeParts(labels[configPartsLabel]),
    image: summary.Image,
    imageId: labels[composeLabel.image] ?? summary.ImageID,
    state: states.find((state) => state === summary.State.toLowerCase()) ?? 'dead',
    health: decodeHealth(summary.Status),
    exitCode: decodeExitCode(summary.Status),
    createdAt: summary.Created,
    ports: (summary.Ports ?? []).map((port) => ({
      ip: port.IP,
      target: port.PrivatePort,
      published: port.PublicPort,
      protocol: port.Type,
    })),
    networks: Object.keys(summary.NetworkSettings?.Networks ?? {}),
    mounts: (summary.Mounts ?? []).map((mount) => ({
      type: mount.Type,
      name: mount.Name || undefined,
      source: mount.Source,
      target: mount.Destination,
    })),
    labels,
  };
}

function decodeParts(label: string | undefined): Record<string, string> | undefined {
  if (!label) return undefined;
  try {
    return JSON.parse(label) as Record<string, string>;
  } catch {
    return undefined; // written by hand: then nothing can be said about what changed
  }
}

function decodeHealth(status: string): ObservedContainer['health'] {
  const word = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1];
  return word as ObservedContainer['health'];
}

function decodeExitCode(status: string): number | undefined {
  const code = /^Exited \((\d+)\)/.exec(status)?.[1];
  return code === undefined ? undefined : Number(code);
}

export function decodeNetwork(summary: NetworkSummary): ObservedNetwork {
  const labels = summary.Labels ?? {};
  return {
    id: summary.Id,
    name: summary.Name,
    key: labels[composeLabel.network],
    configHash: labels[composeLabel.configHash],
    driver: summary.Driver,
  };
}

export function decodeVolume(summary: VolumeSummary): ObservedVolume {
  const labels = summary.Labels ?? {};
  return {
    name: summary.Name,
    key: labels[composeLabel.volume],
    configHash: labels[composeLabel.configHash],
    driver: summary.Driver,
  };
}
