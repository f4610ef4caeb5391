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

/** A workload is a service by its name; sidecars are services called `WORKLOAD/CONTAINER`. */
export function kubernetesFacts(workloads: readonly KubernetesWorkload[]): EnvironmentFacts {
  const services: Record<string, ServiceFacts> = {};
  for (const { metadata, spec } of workloads) {
    const pod = spec.template.spec;
    for (const [index, container] of pod.containers.entries()) {
      const name = index === 0 ? metadata.name : `${metadata.name}/${container.name}`;
      services[name] = factsOf(container, pod, spec.replicas ?? 1);
    }
  }
  return services;
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
