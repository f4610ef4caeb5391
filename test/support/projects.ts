/** Short builders for tests of the orchestrator: a project as the loader gives it, and what an engine has of it. */
import { composeLabel } from '../../src/model/labels.js';
import { containerName, imageName } from '../../src/model/names.js';
import type { Observed, ObservedContainer } from '../../src/model/observed.js';
import type { Project, Service } from '../../src/model/project.js';
import { hashNetwork, hashService, hashVolume } from '../../src/plan/hash.js';

type ServiceWish = Partial<Omit<Service, 'name'>>;

/** `project({ web: { image: 'web:1' } })`: named `shop`, on its default network. */
export function project(services: Readonly<Record<string, ServiceWish>>, more: Partial<Project> = {}): Project {
  const named = Object.entries(services).map(([name, service]): [string, Service] => [
    name,
    {
      command: null,
      entrypoint: null,
      networks: service.network_mode ? undefined : { default: null },
      ...service,
      name,
    } as Service,
  ]);
  return {
    name: 'shop',
    workingDir: '/shop',
    configFiles: ['/shop/devenv.yml'],
    envFiles: [],
    environmentName: undefined,
    services: Object.fromEntries(named),
    networks: { default: { name: 'shop_default' } },
    volumes: {},
    secrets: {},
    configs: {},
    disabledServices: [],
    extensions: {},
    ...more,
  };
}

/** One container of a service, as an `up` of this project would have made it. */
export function container(of: Project, name: string, more: Partial<ObservedContainer> = {}): ObservedContainer {
  const service = of.services[name]!;
  const hash = hashService(of, service);
  const replica = more.replica ?? 1;
  return {
    id: `${name}${replica}`.padEnd(64, '0'),
    name: containerName(of, service, replica),
    service: name,
    replica,
    oneOff: false,
    configHash: hash.whole,
    configParts: hash.parts,
    image: imageName(of, service),
    imageId: `id of ${imageName(of, service)}`,
    state: 'running',
    health: undefined,
    exitCode: undefined,
    createdAt: 0,
    ports: [],
    networks: ['shop_default'],
    mounts: [],
    labels: { [composeLabel.project]: of.name, [composeLabel.service]: name },
    ...more,
  };
}

/** Everything of a project as it is after an `up`; services in `except` have no container. */
export function running(
  of: Project,
  { except = [] as readonly string[], more = [] as readonly ObservedContainer[] } = {},
): Observed {
  const services = Object.values(of.services).filter((service) => !except.includes(service.name));
  return {
    containers: [...services.map((service) => container(of, service.name)), ...more],
    networks: Object.entries(of.networks).map(([key, network]) => ({
      id: `id of ${network.name}`,
      name: network.name,
      key,
      configHash: hashNetwork(network),
      driver: 'bridge',
    })),
    volumes: Object.entries(of.volumes).map(([key, volume]) => ({
      name: volume.name,
      key,
      configHash: hashVolume(volume),
      driver: 'local',
    })),
    images: images(of),
  };
}

/** Nothing but the images. */
export function nothing(of: Project): Observed {
  return { containers: [], networks: [], volumes: [], images: images(of) };
}

function images(of: Project): Record<string, string> {
  const names = Object.values(of.services).map((service) => imageName(of, service));
  return Object.fromEntries(names.map((name) => [name, `id of ${name}`]));
}
