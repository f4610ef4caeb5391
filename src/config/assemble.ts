/** The merged model → the Project that everybody else works with. */
import type { Project } from '../model/project.js';
import { check } from './check/check.js';
import { checkContainerNames } from './check/container-names.js';
import { checkResources } from './check/resources.js';
import { checkValues } from './check/values.js';
import { extensionsOf, setExtensions } from './decode/extensions.js';
import * as shapes from './decode/resources.js';
import { secretProviders } from './decode/secret-provider.js';
import { service as serviceShape, serviceWithEnvFiles } from './decode/service.js';
import type { Decoding, Shape } from './decode/shape.js';
import { readServiceFiles } from './environment/service-files.js';
import type { Loading, Variables } from './loading.js';
import type { Places } from './locate.js';
import { selectByProfile, withDependencies } from './profiles.js';
import { normalise } from './resolve/normalise.js';
import { withReplicas } from './resolve/replicas.js';
import { isTree, type Tree, treeAt } from './resolve/tree-access.js';
import { withoutUnused } from './resolve/used-resources.js';
import { emptyObject } from './tree/plain.js';

export interface Assembly {
  readonly loading: Loading;
  readonly variables: Variables;
  readonly places: Places;
  readonly name: string;
  readonly folder: string;
  readonly profiles: readonly string[];
  readonly services: readonly string[];
}

/** The project's parts, by the keys of Project. Throws UserErrors. */
export type ProjectParts = Pick<
  Project,
  | 'services'
  | 'networks'
  | 'volumes'
  | 'secrets'
  | 'configs'
  | 'secretProviders'
  | 'includedValues'
  | 'models'
  | 'disabledServices'
  | 'extensions'
>;

export function assemble(model: Tree, assembly: Assembly): ProjectParts {
  const { loading, variables, name } = assembly;
  const normal = loading.options.noNormalize ? model : normalise(model, name, variables.lookup);
  const whole = loading.options.noConsistency ? normal : withReplicas(normal);
  const all = treeAt(whole, 'services');
  checkResources({ model: whole, problems: loading.problems, locate: assembly.places.locate });
  checkValues({ model: whole, problems: loading.problems, locate: assembly.places.locate });
  const { enabled, disabled } = selectByProfile(all, assembly.profiles, assembly.services);
  const final = decodeModel(withServices(whole, enabled), assembly);
  const checking = { problems: loading.problems, locate: assembly.places.locate, model: final, disabled };
  if (!loading.options.noConsistency) check(checking);
  const chosen =
    assembly.services.length === 0
      ? undefined
      : loading.problems.attempt(() =>
          withDependencies(treeAt(final, 'services'), assembly.services, Object.keys(all)),
        );
  const selected = chosen ? withServices(final, [...chosen]) : final;
  if (!loading.options.noConsistency && !loading.options.noServiceFiles && !loading.options.envFilesStay)
    checkContainerNames({ ...checking, model: selected });
  const read = loading.options.noServiceFiles ? selected : withFiles(selected, whole, assembly);
  loading.problems.throwIfAny();
  const parts = partsOf(loading.options.allResources ? read : withoutUnused(read), model, disabled);
  const { includedValues } = loading;
  return includedValues.size > 0 ? { ...parts, includedValues: Object.fromEntries(includedValues) } : parts;
}

function withServices(model: Tree, names: readonly string[]): Tree {
  const services: Tree = emptyObject();
  const all = treeAt(model, 'services');
  for (const name of [...names].sort()) services[name] = all[name]!;
  return { ...model, services };
}

const SECTIONS: Readonly<Record<string, Shape>> = {
  services: serviceShape,
  networks: shapes.network,
  volumes: shapes.volume,
  secrets: shapes.secret,
  configs: shapes.config,
  models: shapes.model,
};

function decodeModel(model: Tree, assembly: Assembly): Tree {
  const result: Tree = emptyObject();
  for (const [section, shape] of Object.entries(SECTIONS))
    result[section] = decodeSection(section, shape, model, assembly);
  return result;
}

function decodeSection(section: string, shape: Shape, model: Tree, { loading, places }: Assembly): Tree {
  const decoded: Tree = emptyObject();
  const tree = treeAt(model, section);
  for (const name of Object.keys(tree).sort()) {
    const at: Decoding = { path: [section, name], problems: loading.problems, locate: places.locate };
    decoded[name] = shape(tree[name], at) ?? emptyObject();
  }
  return decoded;
}

/** Env and label files are read last: those of services that take no part need not be there. */
function withFiles(model: Tree, whole: Tree, { loading, variables, places, folder }: Assembly): Tree {
  const services: Tree = emptyObject();
  const stay = loading.options.envFilesStay === true;
  const shape = stay ? serviceWithEnvFiles : serviceShape;
  for (const [name, service] of Object.entries(treeAt(model, 'services'))) {
    const source = treeAt(whole, 'services', name);
    const needed = isTree(service) && (source.env_file !== undefined || source.label_file !== undefined);
    if (!needed) {
      services[name] = service;
      continue;
    }
    const { env_file = null, ...rest } = source;
    const context = { loading, variables, folder, locate: places.locate };
    const filled = stay
      ? { ...readServiceFiles(rest, name, context), env_file }
      : readServiceFiles(source, name, context);
    services[name] =
      shape(filled, { path: ['services', name], problems: loading.problems, locate: places.locate }) ?? service;
  }
  return { ...model, services };
}

function partsOf(model: Tree, source: Tree, disabled: readonly string[]): ProjectParts {
  const services = emptyObject();
  for (const [name, service] of Object.entries(treeAt(model, 'services')))
    services[name] = named(service as Tree, name);
  const extensions = Object.fromEntries(Object.entries(source).filter(([key]) => key.startsWith('x-')));
  const { networks, volumes, secrets, configs, models } = model;
  return {
    services,
    networks,
    volumes,
    secrets,
    configs,
    secretProviders: secretProviders(secrets as Tree),
    models,
    disabledServices: disabled,
    extensions,
  } as unknown as ProjectParts;
}

/** A service knows its own name; it is not printed. */
function named(service: Tree, name: string): Tree {
  const result: Tree = Object.assign(emptyObject(), { name }, service);
  setExtensions(result, extensionsOf(service));
  return result;
}
