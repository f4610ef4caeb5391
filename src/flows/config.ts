import { dump } from 'js-yaml';
import { projectJson } from '../config/print/json.js';
import { rawModelJson } from '../config/print/raw-json.js';
import type { LoadOptions } from '../config/types.js';
import { imageName } from '../model/names.js';
import type { Project } from '../model/project.js';
import { hashService } from '../plan/hash.js';
import { selectServices, unknownService } from '../plan/order.js';
import type { Session } from './session.js';

export interface ConfigRequest {
  readonly services: readonly string[];
  readonly format: 'yaml' | 'json';
  readonly load: LoadOptions;
}

/** The whole config, filled in and normalised. */
export async function printConfig(session: Session, request: ConfigRequest): Promise<string> {
  const { services, load } = request;
  if (load.noInterpolate) return asFormat(rawModelJson(session.loadRequest(services, load)), request.format);
  const { project } = await session.load(services, load);
  const chosen = services.length ? onlyServices(project, services) : project;
  return asFormat(projectJson(chosen), request.format);
}

function onlyServices(project: Project, names: readonly string[]): Project {
  const selected = selectServices(project, names, true);
  const services = Object.entries(project.services).filter(([name]) => selected.has(name));
  return { ...project, services: Object.fromEntries(services) };
}

function asFormat(json: string, format: 'yaml' | 'json'): string {
  return format === 'json' ? `${json}\n` : dump(JSON.parse(json), { lineWidth: -1, noRefs: true });
}

export type ConfigList = 'services' | 'volumes' | 'networks' | 'images' | 'profiles' | 'environment' | 'variables';

/** One of the lists that scripts ask for, sorted as in the config. */
export async function listConfig(session: Session, what: ConfigList, load: LoadOptions): Promise<string[]> {
  const { project, variables } = await session.load([], load);
  const services = Object.values(project.services);
  const lists: Record<ConfigList, () => string[]> = {
    services: () => services.map((service) => service.name),
    volumes: () => Object.keys(project.volumes),
    networks: () => Object.keys(project.networks),
    images: () => [...new Set(services.map((service) => imageName(project, service)))],
    profiles: () => [...new Set(services.flatMap((service) => service.profiles ?? []))].sort(),
    environment: () =>
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    variables: () => Object.keys(variables).sort(),
  };
  return lists[what]();
}

/** `service hash`, as on the containers' labels; `*` is all. */
export async function configHashes(session: Session, wanted: string): Promise<string[]> {
  const { project } = await session.load();
  const names = wanted === '*' ? Object.keys(project.services) : wanted.split(',');
  return names.map((name) => {
    const service = project.services[name];
    if (!service) throw unknownService(project, name);
    return `${name} ${hashService(project, service).whole}`;
  });
}
