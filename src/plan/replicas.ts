import { containerName } from '../model/names.js';
import type { Observed, ObservedContainer } from '../model/observed.js';
import type { Project, Service } from '../model/project.js';
import type { ConfigHash } from './hash.js';
import { isLive } from './orphans.js';

/** What becomes of one container of a service. */
export interface Replica {
  readonly fate: 'create' | 'recreate' | 'keep' | 'remove';
  readonly replica: number;
  /** Its own; `container` may still have a temporary one, where an earlier replacement was cut short. */
  readonly name: string;
  readonly container: ObservedContainer | undefined;
  readonly because: string;
  readonly hash: ConfigHash;
}

/**
 * Keeps as many as are wanted. Those that would have to be made anew go first, then the highest numbers; missing
 * ones get the lowest free numbers.
 */
export function chooseReplicas(
  project: Project,
  service: Service,
  observed: Observed,
  wanted: number,
  hash: ConfigHash,
  whyRecreate: (container: ObservedContainer) => string | undefined,
): Replica[] {
  const there = observed.containers
    .filter((one) => one.service === service.name && !one.oneOff && one.state !== 'removing')
    .map((container) => ({ container, why: whyRecreate(container) }))
    .sort(
      (a, b) =>
        Number(a.why !== undefined) - Number(b.why !== undefined) ||
        a.container.replica - b.container.replica ||
        Number(isLive(b.container.state)) - Number(isLive(a.container.state)),
    );
  // An update that was cut short left a second one of a number.
  const numbers = new Set<number>();
  const first = there.filter(({ container: { replica } }) => !numbers.has(replica) && numbers.add(replica));
  const chosen = first.slice(0, wanted);
  const kept = chosen.map(({ container, why }) =>
    existing(container, why === undefined ? 'keep' : 'recreate', why ?? '', hash),
  );
  const surplus = there
    .filter((one) => !chosen.includes(one))
    .map(({ container }) => existing(container, 'remove', `${wanted} wanted`, hash));
  const taken = new Set(kept.map((one) => one.replica));
  const added: Replica[] = [];
  for (let number = 1; kept.length + added.length < wanted; number += 1) {
    if (taken.has(number)) continue;
    const because = wanted > 1 ? `${wanted} wanted` : 'not there yet';
    added.push({
      fate: 'create',
      replica: number,
      name: containerName(project, service, number),
      container: undefined,
      because,
      hash,
    });
  }
  return [...surplus, ...[...kept, ...added].sort((a, b) => a.replica - b.replica)];
}

function existing(container: ObservedContainer, fate: Replica['fate'], because: string, hash: ConfigHash): Replica {
  return { fate, replica: container.replica, name: ownName(container.name), container, because, hash };
}

/** While a new container waits for its place it is called `<old id>_<name>`, as in Compose. */
export function temporaryName(replaced: ObservedContainer, name: string): string {
  return `${replaced.id.slice(0, 12)}_${name}`;
}

function ownName(name: string): string {
  return name.replace(/^(?:[0-9a-f]{12}_)+/, '');
}
