/** Kubernetes workloads (`kubectl get … -o json`) as facts. Pure. */
import { parseBytes } from '../model/bytes.js';
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import { bare } from './project-facts.js';

interface KubernetesContainer {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[];
  readonly resources?: { readonly limits?: { readonly memory?: string; readonly cpu?: string } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
  readonly livenessProbe?: KubernetesProbe;
  readonly readinessProbe?: KubernetesProbe;
}

interface KubernetesProbe {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: { readonly path?: string; readonly port?: number | string };
}

interface PodSpec {
  readonly containers: readonly KubernetesContainer[];
  readonly volumes?: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
}

export interface KubernetesWorkload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: PodSpec } };
}

/** What runs of an image: its status tells the digest that a tag was pulled by. */
export interface KubernetesPod {
  readonly kind: 'Pod';
  readonly spec: PodSpec;
  readonly status?: {
    readonly containerStatuses?: readonly { readonly name: string; readonly imageID?: string }[] | null;
  };
}

export type KubernetesItem = KubernetesWorkload | KubernetesPod;

const isPod = (item: KubernetesItem): item is KubernetesPod => item.kind === 'Pod';

/** A workload is a service by its name; sidecars are services called `WORKLOAD/CONTAINER`. Pods only tell of digests. */
export function kubernetesFacts(items: readonly KubernetesItem[]): EnvironmentFacts {
  const digests = runningDigests(items.filter(isPod));
  const services: Record<string, ServiceFacts> = {};
  for (const item of items) {
    if (isPod(item)) continue;
    const { metadata, spec } = item;
    const pod = spec.template.spec;
    for (const [index, container] of pod.containers.entries()) {
      const name = index === 0 ? metadata.name : `${metadata.name}/${container.name}`;
      const facts = factsOf(container, pod, spec.replicas ?? 1);
      services[name] = { ...facts, digest: facts.digest ?? digests.get(container.image ?? '') };
    }
  }
  return services;
}

/** Image as the pods name it → the digest that all of them run; none where they differ, as in the middle of a rollout. */
function runningDigests(pods: readonly KubernetesPod[]): Map<string, string> {
  const found = new Map<string, Set<string>>();
  for (const { spec, status } of pods) {
    for (const { name, imageID = '' } of status?.containerStatuses ?? []) {
      const image = spec.containers.find((one) => one.name === name)?.image;
      const digest = /@(sha256:[0-9a-f]{64})$/.exec(imageID)?.[1];
      if (image !== undefined && digest) found.set(image, (found.get(image) ?? new Set()).add(digest));
    }
  }
  return new Map([...found].flatMap(([image, digests]) => (digests.size === 1 ? [[image, [...digests][0]!]] : [])));
}

function factsOf(container: KubernetesContainer, pod: PodSpec, replicas: number): ServiceFacts {
  const { image, securityContext: security = {}, resources } = container;
  return {
    image: image?.replace(/@sha256:[0-9a-f]+$/, ''),
    digest: /@(sha256:[0-9a-f]+)$/.exec(image ?? '')?.[1],
    // Kubernetes calls the entrypoint "command", and the command "args".
    command: container.args,
    entrypoint: container.command,
    user: security.runAsUser === undefined ? undefined : String(security.runAsUser),
    workingDir: container.workingDir,
    environment: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ''])),
    referenced: (container.env ?? []).filter(({ valueFrom }) => valueFrom !== undefined).map(({ name }) => name),
    mounts: (container.volumeMounts ?? []).map((mount) => mountFact(mount, pod)).sort(),
    ports: (container.ports ?? [])
      .map(({ containerPort, protocol = 'TCP' }) => `${containerPort}/${protocol.toLowerCase()}`)
      .sort(),
    memory: resources?.limits?.memory === undefined ? undefined : quantity(resources.limits.memory),
    cpus: resources?.limits?.cpu === undefined ? undefined : cpuQuantity(resources.limits.cpu),
    replicas,
    restart: undefined,
    privileges: [
      ...(security.privileged ? ['privileged'] : []),
      ...(security.readOnlyRootFilesystem ? ['read-only'] : []),
      ...(security.capabilities?.add ?? []).map((name) => `+${bare(name)}`),
      ...(security.capabilities?.drop ?? []).map((name) => `-${bare(name)}`),
    ].sort(),
    health: probe(container.readinessProbe ?? container.livenessProbe),
    networks: [],
  };
}

function mountFact(
  { name, mountPath, readOnly }: { name: string; mountPath: string; readOnly?: boolean },
  { volumes = [] }: PodSpec,
): string {
  const volume = volumes.find((one) => one.name === name) ?? {};
  const type = 'hostPath' in volume ? 'bind' : 'emptyDir' in volume ? 'tmpfs' : 'volume';
  return `${mountPath} ${type}${readOnly ? ' read-only' : ''}`;
}

function probe(one: KubernetesProbe | undefined): readonly string[] | undefined {
  if (one?.exec?.command) return ['CMD', ...one.exec.command];
  return one?.httpGet ? ['HTTP', `${one.httpGet.port ?? ''}${one.httpGet.path ?? '/'}`] : undefined;
}

/** `512Mi`, `1G`, `1500M`. */
function quantity(text: string): number | undefined {
  const decimal = /^(\d+(?:\.\d+)?)([kMGT])$/.exec(text);
  if (decimal) return Number(decimal[1]) * { k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[decimal[2] as 'k' | 'M' | 'G' | 'T'];
  return parseBytes(text.replace(/i$/, ''));
}

const cpuQuantity = (text: string) => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));
