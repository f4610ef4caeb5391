/**
 * `up`, `create` and `scale`: what must happen so that what runs is what the config asks for. Follows Compose:
 * a container is made anew when its config's hash, its image or what it is bound to changed, and only then.
 */
import { UserError } from '../errors.js';
import { imageName, replicaCount } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Plan } from '../model/plan.js';
import type { Project, Service } from '../model/project.js';
import { joiningServices } from './balance.js';
import { warnOfOtherCheckout } from './checkouts.js';
import { whyRecreate } from './divergence.js';
import { Draft } from './draft.js';
import { hashService } from './hash.js';
import { checkHosts, willHave } from './hosts.js';
import { planImages } from './images.js';
import type { UpOptions } from './options.js';
import { hostsOf, inStartOrder, linkedBy, selectServices, unknownService } from './order.js';
import { planOrphans } from './orphans.js';
import { chooseReplicas, type Replica } from './replicas.js';
import { changedNetworks, networksOf, planNetworks, planVolumes, replacedVolumes, volumesOf } from './resources.js';
import { ServicePlanner } from './service.js';

export function planUp(project: Project, observed: Observed, options: UpOptions): Plan {
  const draft = new Draft();
  const selected = selectServices(project, options.services, options.dependencies);
  const services = inStartOrder(project).filter((service) => selected.has(service.name));
  const replicas = decideReplicas(project, observed, services, options);
  checkHosts(
    services.filter(({ name }) => willHave(name, observed, replicas)),
    observed,
    replicas,
  );
  const changed = changedNetworks(project, observed, services);
  const planner = new ServicePlanner(draft, project, options, replicas);

  const images = planImages(
    draft,
    project,
    observed,
    services.filter((one) => options.keepSurplus || wantedCount(one, options) > 0),
    options,
  );
  const replaced = replacedVolumes(project, observed, services, options);
  const joining = joiningServices(project, observed);
  const freed =
    changed.size || replaced.size || joining.size ? planner.removeFirst(services, changed, replaced, joining) : [];
  const networks = planNetworks(draft, project, observed, services, changed, freed);
  const volumes = planVolumes(draft, project, observed, services, replaced, freed);
  for (const service of services) {
    const ready = [
      images.get(imageName(project, service)),
      ...networksOf(service).map((key) => networks.get(key)),
      ...volumesOf(project, service).map((key) => volumes.get(key)),
      ...[...hostsOf(service), ...linkedBy(service)].flatMap((host) => planner.created.get(host) ?? []),
      ...(joining.has(service.name) ? freed : []),
    ];
    planner.plan(service, ready);
  }
  planOrphans(draft, project, observed, options);
  warnOfOtherCheckout(draft, project, observed);
  if (options.wait && options.start) for (const service of services) planner.awaitRunning(service);
  return draft.finish();
}

function wantedCount(service: Service, options: Pick<UpOptions, 'scale'>): number {
  return options.scale[service.name] ?? replicaCount(service);
}

/** What becomes of each container of each service, dependencies first, since a host made anew takes others along. */
function decideReplicas(
  project: Project,
  observed: Observed,
  services: readonly Service[],
  options: UpOptions,
): Map<string, readonly Replica[]> {
  for (const name of Object.keys(options.scale)) if (!project.services[name]) throw unknownService(project, name);
  const asked = new Set(options.services.length ? options.services : Object.keys(project.services));
  const changed = changedNetworks(project, observed, services);
  const changedVolumes = replacedVolumes(project, observed, services, options);
  const recreated = new Set<string>();
  const decided = new Map<string, readonly Replica[]>();
  for (const service of services) {
    const wanted = wantedCount(service, options);
    if (wanted > 1 && service.container_name) throw cannotScale(service);
    const hash = hashService(project, service);
    const mode = asked.has(service.name) ? options.recreate : options.recreateDependencies;
    const context = { project, observed, changedNetworks: changed, changedVolumes, recreated };
    const replicas = chooseReplicas(project, service, observed, wanted, hash, (container) =>
      whyRecreate(container, service, hash, mode, context),
    );
    if (replicas.some((replica) => replica.fate === 'recreate')) recreated.add(service.name);
    decided.set(service.name, options.keepSurplus ? replicas.filter((one) => one.fate !== 'remove') : replicas);
  }
  return decided;
}

function cannotScale(service: Service): UserError {
  return new UserError(
    'cannot-scale',
    `services.${service.name}: can't set container_name and run several containers, since each needs a name of its own.`,
    [`Take out services.${service.name}.container_name, or scale it to 1.`],
  );
}
