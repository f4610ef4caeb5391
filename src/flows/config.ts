import { loadMerged, loadRaw } from '../config/load.js';
import { modelVariables } from '../config/model-variables.js';
import { projectJson } from '../config/print/json.js';
import { rawModelJson } from '../config/print/raw-json.js';
import { variablesJson, variablesTable, variablesYaml } from '../config/print/variables.js';
import { projectYaml, rawModelYaml, servicesYaml } from '../config/print/yaml.js';
import { diskReader } from '../config/reader.js';
import { withRemotes } from '../config/remote/fetch.js';
import { treeAt } from '../config/resolve/tree-access.js';
import { editorSchema } from '../config/schema/editor-schema.js';
import type { LoadOptions, LoadRequest } from '../config/types.js';
import { imageName } from '../model/names.js';
import type { Project } from '../model/project.js';
import { maskProject } from '../parity/mask.js';
import { hashService } from '../plan/hash.js';
import { lintRules } from '../plan/lint/lint.js';
import { selectServices, unknownService } from '../plan/order.js';
import { declaredSecrets } from './declared-secrets.js';
import { pinnedImages } from './pinned-images.js';
import type { Session } from './session.js';

export interface ConfigRequest {
  readonly services: readonly string[];
  readonly format: 'yaml' | 'json';
  readonly load: LoadOptions;
  /** Images by their digests, asked of their registries. */
  readonly resolveDigests: boolean;
  /** Secrets as they are. */
  readonly showSecrets: boolean;
  /**
   * Also what is only named like a secret: for a person at a terminal. Into a file or a pipe such values go as Compose prints
   * them, since scripts read them there.
   */
  readonly hideByName: boolean;
}

/** The whole config, filled in and normalised. */
export async function printConfig(session: Session, request: ConfigRequest): Promise<string> {
  const { services, load, format } = request;
  if (load.noInterpolate) {
    const wanted = session.loadRequest(services, load);
    return format === 'json' ? `${await rawModelJson(wanted)}\n` : rawModelYaml(wanted);
  }
  const { project } = await session.load(services, load);
  const chosen = services.length ? onlyServices(project, services) : project;
  const pinned = request.resolveDigests ? await pinnedImages(session, chosen) : chosen;
  const shown = request.showSecrets ? pinned : await masked(session, pinned, request);
  return format === 'json' ? `${projectJson(shown)}\n` : projectYaml(shown);
}

async function masked(session: Session, project: Project, { load, hideByName }: ConfigRequest): Promise<Project> {
  // Also one that no service has may have been filled in somewhere.
  const secrets = await declaredSecrets(await session.loadQuietly([], { ...load, allResources: true }));
  const { project: shown, hidden } = maskProject(project, { byName: hideByName, secrets });
  const values = hidden === 1 ? 'One value is' : `${hidden} values are`;
  if (hidden > 0) await session.terminal.status(`${values} hidden; --show-secrets shows them.\n`);
  return shown;
}

/** An override file that holds the images at what they are now. */
export async function lockedImages(
  session: Session,
  services: readonly string[],
  format: 'yaml' | 'json',
): Promise<string> {
  const { project } = await session.load(services);
  const pinned = await pinnedImages(session, services.length ? onlyServices(project, services) : project);
  const images = Object.fromEntries(
    Object.values(pinned.services).flatMap(({ name, image }) => (image ? [[name, { image }]] : [])),
  );
  return format === 'json' ? `${JSON.stringify({ services: images }, undefined, 2)}\n` : servicesYaml(images);
}

function onlyServices(project: Project, names: readonly string[]): Project {
  const selected = selectServices(project, names, true);
  const services = Object.entries(project.services).filter(([name]) => selected.has(name));
  return { ...project, services: Object.fromEntries(services) };
}

export type ConfigList = 'services' | 'volumes' | 'networks' | 'models' | 'images' | 'profiles' | 'environment';

/** One of the lists that scripts ask for, sorted as in the config. */
export async function listConfig(
  session: Session,
  what: ConfigList,
  names: readonly string[],
  load: LoadOptions,
): Promise<string[]> {
  // What env files hold is in none of the lists but the one of variables: as in Compose the files need not be there.
  const light: LoadOptions = { ...load, noServiceFiles: what !== 'environment' };
  if (what === 'profiles') return profilesOf(session, light);
  if (what === 'services' && load.noInterpolate) return rawServiceNames(session.loadRequest(names, load));
  const { project, variables } = await session.load(names, light);
  const services = Object.values(project.services);
  const lists: Record<Exclude<ConfigList, 'profiles'>, () => string[]> = {
    services: () => services.map((service) => service.name),
    volumes: () => Object.keys(project.volumes),
    networks: () => Object.keys(project.networks),
    models: () => Object.values(project.models ?? {}).map(({ model }) => model),
    images: () => services.map((service) => imageName(project, service)),
    environment: () =>
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
  };
  return lists[what]();
}

/** As they are written, whether they can be used or not. */
async function rawServiceNames(request: LoadRequest): Promise<string[]> {
  const model = await withRemotes(request, (remotes) => loadRaw(request, diskReader, remotes));
  return Object.keys(treeAt(model, 'services')).sort();
}

/** Of every service, whether its profile is on or not. */
async function profilesOf(session: Session, load: LoadOptions): Promise<string[]> {
  const { loadProject } = await import('../config/load.js');
  const { project } = await loadProject({ ...session.loadRequest([], load), profiles: ['*'] });
  return [...new Set(Object.values(project.services).flatMap((service) => service.profiles ?? []))].sort();
}

/** The variables that the merged config uses: a table, where no format is asked for. */
export async function listVariables(session: Session, format: 'yaml' | 'json' | undefined): Promise<string> {
  const request = session.loadRequest([], { noInterpolate: true });
  const { model } = await withRemotes(request, (remotes) => loadMerged(request, diskReader, remotes));
  const variables = modelVariables(model);
  if (format === 'json') return variablesJson(variables);
  return format === 'yaml' ? variablesYaml(variables) : variablesTable(variables);
}

/** `service hash`; `*` is all. As in Compose of env files their names, not what they hold: only the labels of containers have that. */
export async function configHashes(session: Session, wanted: string, load: LoadOptions): Promise<string[]> {
  const { project } = await session.load([], { ...load, envFilesStay: true });
  const names = wanted === '*' ? Object.keys(project.services).sort() : wanted.split(',');
  return names.map((name) => {
    const service = project.services[name];
    if (!service) throw unknownService(project, name);
    return `${name} ${hashService(project, service).whole}`;
  });
}

/** JSON Schema of devenv.yml. */
export const schemaText = (): string =>
  `${JSON.stringify(editorSchema(lintRules.map(({ name }) => name)), undefined, 2)}\n`;
