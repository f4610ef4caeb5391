/** What a process in a container runs as: looked up in the container's own files, shared by start, exec and probes. */

import { dockerCapabilities } from '../launch/capabilities.js';
import { compileSeccomp } from '../launch/seccomp/compile.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import { linkEnv } from './environment.js';
import type { HostConfig } from './host-config.js';
import { parseLink } from './links.js';
import { exposedPorts } from './ports.js';
import { parseSecurityOptions } from './security.js';

/** Compiled once for each profile and set of capabilities. */
export function seccompFilter(engine: Engine, host: HostConfig, privileged = host.Privileged): Uint8Array | undefined {
  const { seccomp } = parseSecurityOptions(host.SecurityOpt ?? []);
  if (privileged || seccomp === 'unconfined') return undefined;
  const capabilities = capabilitiesOf(host, privileged);
  const key = `${seccomp} ${capabilities.join(' ')}`;
  const known = engine.seccompFilters.get(key);
  if (known !== undefined) return known;
  const filter = compileSeccomp(seccomp, capabilities);
  engine.seccompFilters.set(key, filter);
  return filter;
}

export function capabilitiesOf(host: HostConfig, privileged = host.Privileged): string[] {
  return dockerCapabilities({ add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged });
}

/** Environment that legacy links bring, on the default bridge only. */
export function linksEnv(engine: Engine, container: Container): string[] {
  const { hostConfig, name: parentName } = container.record;
  if (hostConfig.NetworkMode !== 'bridge') return [];
  return (hostConfig.Links ?? []).flatMap((link) => {
    const { to, alias } = parseLink(link);
    const other = engine.containers.find(to)?.record;
    const ip = other?.running?.endpoints[0]?.endpoint.ipv4;
    if (other === undefined) return [];
    // One that shares another's network has no address to say.
    const exposed = ip === undefined ? [] : exposedPorts(other.config.ExposedPorts);
    const ports = exposed.map(({ port, protocol }) => `${port}/${protocol}`);
    return linkEnv({ alias, parentName, ip: ip ?? '', ports, env: other.config.Env ?? [] });
  });
}
