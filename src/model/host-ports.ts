import type { Port, Project } from './project.js';

/** Of host ports that the config leaves open: `web.1.8080/tcp` (and `#1` for a second one like it) → host port. */
export type HostPorts = Readonly<Record<string, number>>;

export function portKey(service: string, replica: number, ports: readonly Port[], index: number): string {
  const { target, protocol } = ports[index]!;
  const same = ports.slice(0, index).filter((one) => one.target === target && one.protocol === protocol).length;
  return `${service}.${replica}.${target}/${protocol || 'tcp'}${same ? `#${same}` : ''}`;
}

export const isOpen = (port: Port) => port.published === undefined || port.published === '';

/**
 * `DEVENV_PORT_WEB_8080` → host port, of each service's first container. A range of host ports has no such variable. Of
 * services that take no part this time, `hostPorts` knows.
 */
export function portVariables({ services }: Pick<Project, 'services'>, hostPorts: HostPorts): Record<string, string> {
  const variables: Record<string, string> = {};
  const name = (service: string, target: number | string) =>
    `DEVENV_PORT_${service.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_${target}`;
  for (const { name: service, ports = [] } of Object.values(services)) {
    for (const [index, port] of ports.entries()) {
      const host = isOpen(port) ? hostPorts[portKey(service, 1, ports, index)] : port.published;
      if (host !== undefined && /^\d+$/.test(String(host))) variables[name(service, port.target)] ??= String(host);
    }
  }
  for (const [key, host] of Object.entries(hostPorts)) {
    const [, service, target] = /^(.+)\.1\.(\d+)\/\w+$/.exec(key) ?? [];
    if (service !== undefined && !services[service]) variables[name(service, target!)] ??= String(host);
  }
  return variables;
}
