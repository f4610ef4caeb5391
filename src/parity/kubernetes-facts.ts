/** Kubernetes workloads (`kubectl get … -o json`) as facts. Pure. */
import { parseBytes } from '../model/bytes.js';
import type { EnvironmentFacts, ServiceFacts } from './facts.js';
import type {
  KubernetesConfigMap,
  KubernetesContainer,
  KubernetesItem,
  KubernetesPod,
  KubernetesProbe,
  KubernetesService,
  KubernetesWorkload,
  PodSpec,
} from './kubernetes-items.js';
import { bare } from './project-facts.js';

const isWorkload = (item: KubernetesItem): item is KubernetesWorkload => 'spec' in item && 'template' in item.spec;
const isPod = (item: KubernetesItem): item is KubernetesPod => item.kind === 'Pod';
const isService = (item: KubernetesItem): item is KubernetesService => item.kind === 'Service';
const isConfigMap = (item: KubernetesItem): item is KubernetesConfigMap => item.kind === 'ConfigMap';

/** What is not a workload only tells of one: pods of digests, services of ports, config maps of variables. */
interface Around {
  readonly digests: ReadonlyMap<string, string>;
  readonly services: readonly KubernetesService[];
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** A workload is a service by its name; sidecars are services called `WORKLOAD/CONTAINER`. */
export function kubernetesFacts(items: readonly KubernetesItem[]): EnvironmentFacts {
  const around: Around = {
    digests: runningDigests(items.filter(isPod)),
    services: items.filter(isService),
    configMaps: new Map(items.filter(isConfigMap).map(({ metadata, data }) => [metadata.name, data ?? {}])),
  };
  const services: Record<string, ServiceFacts> = {};
  for (const workload of items.filter(isWorkload))
    for (const [index, container] of workload.spec.template.spec.containers.entries()) {
      const { name } = workload.metadata;
      services[index === 0 ? name : `${name}/${container.name}`] = factsOf(container, workload, around);
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

function factsOf(container: KubernetesContainer, { spec }: KubernetesWorkload, around: Around): ServiceFacts {
  const { image, resources } = container;
  const pod = spec.template.spec;
  return {
    image: image?.replace(/@sha256:[0-9a-f]+$/, ''),
    digest: /@(sha256:[0-9a-f]+)$/.exec(image ?? '')?.[1] ?? around.digests.get(image ?? ''),
    // Kubernetes calls the entrypoint "command", and the command "args".
    command: container.args,
    entrypoint: container.command,
    user: userOf(container, pod),
    workingDir: container.workingDir,
    ...variablesOf(container, around),
    mounts: (container.volumeMounts ?? []).map((mount) => mountFact(mount, pod)).sort(),
    ports: portsOf(container, spec.template.metadata?.labels ?? {}, around),
    memory: resources?.limits?.memory === undefined ? undefined : quantity(resources.limits.memory),
    cpus: resources?.limits?.cpu === undefined ? undefined : cpuQuantity(resources.limits.cpu),
    replicas: spec.replicas ?? 1,
    restart: restarts[pod.restartPolicy ?? 'Always'],
    privileges: privilegesOf(container),
    health: probe(container.readinessProbe ?? container.livenessProbe),
    networks: undefined,
  };
}

const restarts: Readonly<Record<string, string>> = { Always: 'always', OnFailure: 'on-failure' };

/** What a container does not say, its pod may (PodSecurityContext). */
function userOf({ securityContext: own = {} }: KubernetesContainer, pod: PodSpec): string | undefined {
  const { runAsUser: user = pod.securityContext?.runAsUser, runAsGroup: group = pod.securityContext?.runAsGroup } = own;
  if (user === undefined) return undefined;
  return group === undefined ? String(user) : `${user}:${group}`;
}

function privilegesOf({ securityContext: security = {} }: KubernetesContainer): string[] {
  return [
    ...(security.privileged ? ['privileged'] : []),
    ...(security.readOnlyRootFilesystem ? ['read-only'] : []),
    ...(security.capabilities?.add ?? []).map((name) => `+${bare(name)}`),
    ...(security.capabilities?.drop ?? []).map((name) => `-${bare(name)}`),
  ].sort();
}

/** Those of config maps are known; those of secrets are not asked for. `env` counts more than `envFrom`. */
function variablesOf(
  { env = [], envFrom = [] }: KubernetesContainer,
  { configMaps }: Around,
): Pick<ServiceFacts, 'environment' | 'referenced' | 'unknownVariables'> {
  const environment: Record<string, string> = {};
  for (const { prefix = '', configMapRef } of envFrom)
    for (const [name, value] of Object.entries(configMaps.get(configMapRef?.name ?? '') ?? {}))
      environment[prefix + name] = value;
  const referenced: string[] = [];
  for (const { name, value, valueFrom } of env) {
    const { name: map = '', key = '' } = valueFrom?.configMapKeyRef ?? {};
    const known = valueFrom ? configMaps.get(map)?.[key] : (value ?? '');
    environment[name] = known ?? '';
    if (known === undefined) referenced.push(name);
  }
  const unknownVariables = envFrom.flatMap(({ secretRef, configMapRef }) =>
    secretRef
      ? [`the secret ${secretRef.name}`]
      : configMapRef && !configMaps.has(configMapRef.name)
        ? [`the config map ${configMapRef.name}`]
        : [],
  );
  return { environment, referenced, unknownVariables };
}

/** `8080->80/tcp` where a service publishes it outside of the cluster. */
function portsOf(
  { ports = [] }: KubernetesContainer,
  labels: Readonly<Record<string, string>>,
  { services }: Around,
): string[] {
  const leads = ({ spec }: KubernetesService) => {
    const selector = Object.entries(spec.selector ?? {});
    return selector.length > 0 && selector.every(([name, value]) => labels[name] === value);
  };
  const outside = services.filter((one) => leads(one) && /^(?:LoadBalancer|NodePort)$/.test(one.spec.type ?? ''));
  return ports
    .flatMap(({ name, containerPort, protocol = 'TCP' }) => {
      const inner = `${containerPort}/${protocol.toLowerCase()}`;
      const published = outside.flatMap(({ spec }) =>
        (spec.ports ?? [])
          .filter(
            (one) => [name, containerPort].includes(one.targetPort ?? one.port) && (one.protocol ?? 'TCP') === protocol,
          )
          .map(({ port, nodePort }) => (spec.type === 'NodePort' ? nodePort : port)),
      );
      return published.length > 0 ? published.map((port) => `${port ? `${port}->` : ''}${inner}`) : [inner];
    })
    .sort();
}

function mountFact(
  { name, mountPath, readOnly }: { name: string; mountPath: string; readOnly?: boolean },
  { volumes = [] }: PodSpec,
): string {
  const volume = volumes.find((one) => one.name === name) ?? {};
  const type = Object.keys(volume).find((key) => key in volumeTypes);
  return `${mountPath} ${volumeTypes[type ?? ''] ?? 'volume'}${readOnly ? ' read-only' : ''}`;
}

const volumeTypes: Readonly<Record<string, string>> = {
  hostPath: 'bind',
  emptyDir: 'tmpfs',
  configMap: 'config',
  secret: 'secret',
  projected: 'config',
  downwardAPI: 'config',
};

function probe(one: KubernetesProbe | undefined): readonly string[] | undefined {
  const { exec, httpGet } = one ?? {};
  if (exec?.command) {
    const [shell = '', flag, script, ...rest] = exec.command;
    const isShell = /^(?:\/bin\/)?sh$/.test(shell) && flag === '-c' && script !== undefined && rest.length === 0;
    return isShell ? ['CMD-SHELL', script] : ['CMD', ...exec.command];
  }
  return httpGet ? ['HTTP', `${httpGet.port ?? ''}${httpGet.path ?? '/'}`] : undefined;
}

/** `512Mi`, `1G`, `1500M`. */
function quantity(text: string): number | undefined {
  const decimal = /^(\d+(?:\.\d+)?)([kMGT])$/.exec(text);
  if (decimal) return Number(decimal[1]) * { k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[decimal[2] as 'k' | 'M' | 'G' | 'T'];
  return parseBytes(text.replace(/i$/, ''));
}

const cpuQuantity = (text: string) => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));
