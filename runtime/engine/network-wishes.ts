/** The networks that a container is to stand on: its NetworkMode's first, then the others of the request. Pure. */
import { EngineError } from '../errors.js';
import type { NetworkRecord } from '../network/types.js';
import { checkEndpointSettings } from './endpoint-settings.js';
import type { HostConfig } from './host-config.js';
import type { ContainerConfig, EndpointSettings } from './types.js';

export const NO_ENDPOINT_SETTINGS: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
};

type Settings = Readonly<Record<string, EndpointSettings>>;

/**
 * By name of network, the one of the NetworkMode first. `find` knows networks by name and id; one that is not there
 * stays as it was said, and is missed at the start.
 */
export function networkWishes(
  host: HostConfig,
  config: Partial<ContainerConfig>,
  given: Settings,
  find: (name: string) => NetworkRecord | undefined,
): Settings {
  if (host.NetworkMode.startsWith('container:') || config.NetworkDisabled === true) return {};
  const nameOf = (name: string) => (name === 'default' ? 'bridge' : (find(name)?.name ?? name));
  const primary = nameOf(host.NetworkMode);
  const named = Object.entries(given).map(([name, settings]) => [nameOf(name), settings] as const);
  // What is said of networks is all there is: the mode counts where nothing is said, and for the order.
  const wishes: Record<string, EndpointSettings> =
    named.length === 0 || named.some(([name]) => name === primary) ? { [primary]: NO_ENDPOINT_SETTINGS } : {};
  for (const [name, settings] of named) wishes[name] = settings;
  for (const [name, settings] of Object.entries(wishes)) checkWish(name, find(name), settings);
  return wishes;
}

function checkWish(name: string, network: NetworkRecord | undefined, settings: EndpointSettings): void {
  try {
    checkEndpointSettings(name, network, settings);
  } catch (cause) {
    throw new EngineError('invalid', `invalid config for network ${name}: ${(cause as Error).message}`, { cause });
  }
}
