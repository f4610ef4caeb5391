/** Services that share a namespace or the volumes of another one's container: that container must be there. */
import { UserError } from '../errors.js';
import type { Observed } from '../model/observed.js';
import type { Service } from '../model/project.js';
import type { Replica } from './replicas.js';

interface Sharing {
  readonly what: string;
  readonly host: string;
}

type Decided = ReadonlyMap<string, readonly Replica[]>;

/** `decided`: what becomes of the containers of the services that take part; others have those that are there. */
export const willHave = (service: string, observed: Observed, decided: Decided): boolean =>
  decided.get(service)?.some(({ fate }) => fate !== 'remove') ??
  observed.containers.some((one) => one.service === service && !one.oneOff);

/** Throws UserError `no-host-container` when a host has no container, as `--no-deps` and a scale of 0 leave it. */
export function checkHosts(services: readonly Service[], observed: Observed, decided: Decided): void {
  for (const service of services) {
    const missing = sharedBy(service).find(({ host }) => !willHave(host, observed, decided));
    if (!missing) continue;
    throw new UserError(
      'no-host-container',
      `${service.name} cannot share ${missing.what} with service ${missing.host}: container missing`,
      [`Bring it up as well: devenv up -d ${missing.host}`],
    );
  }
}

function sharedBy({ network_mode, ipc, pid, volumes_from }: Service): Sharing[] {
  const modes = [
    ['network namespace', network_mode],
    ['IPC namespace', ipc],
    ['PID namespace', pid],
  ] as const;
  const namespaces = modes.flatMap(([what, mode]) =>
    typeof mode === 'string' && mode.startsWith('service:') ? [{ what, host: mode.slice('service:'.length) }] : [],
  );
  const volumes = (volumes_from ?? [])
    .filter((from) => !from.startsWith('container:'))
    .map((from) => ({ what: 'volume', host: from.split(':')[0]! }));
  return [...namespaces, ...volumes];
}
