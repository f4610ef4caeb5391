/** The networks that a container is to stand on: its NetworkMode's first, then the others of the request. Pure. */
import { EngineError } from '../errors.js';
import type { NetworkRecord } from '../network/types.js';
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
  for (const [name, settings] of Object.entries(wishes)) checkWish(name, settings);
  return wishes;
}

function checkWish(name: string, settings: EndpointSettings): void {
  const wrong = (why: string) => new EngineError('invalid', `invalid config for network ${name}: ${why}`);
  const { MacAddress, Aliases } = settings;
  if (MacAddress !== '' && !MAC.test(MacAddress)) throw wrong(`invalid MAC address ${MacAddress}`);
  if (name === 'bridge' && (Aliases ?? []).length > 0)
    throw wrong(
      'invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks',
    );
  try {
    checkSettings(name, settings);
  } catch (cause) {
    const { message } = cause as Error;
    throw wrong(message.startsWith('invalid endpoint settings') ? message : `invalid endpoint settings:\n${message}`);
  }
}

const MAC = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;
const predefined = ['bridge', 'host', 'none'];

/** Throws `invalid` for what Docker allows on user-defined networks only. */
export function checkSettings(network: string, settings: EndpointSettings): void {
  const ipv4 = settings.IPAMConfig?.IPv4Address ?? '';
  const ipv6 = settings.IPAMConfig?.IPv6Address ?? '';
  if (ipv4 !== '' && !/^\d+\.\d+\.\d+\.\d+$/.test(ipv4))
    throw new EngineError('invalid', `invalid endpoint settings:\ninvalid IPv4 address: ${ipv4}`);
  if (ipv6 !== '' && !ipv6.includes(':'))
    throw new EngineError('invalid', `invalid endpoint settings:\ninvalid IPv6 address: ${ipv6}`);
  if (settings.MacAddress !== '' && !MAC.test(settings.MacAddress))
    throw new EngineError('invalid', `invalid endpoint settings:\naddress ${settings.MacAddress}: invalid MAC address`);
  if (!predefined.includes(network)) return;
  if (ipv4 !== '' || ipv6 !== '')
    throw new EngineError('invalid', 'user specified IP address is supported on user defined networks only');
}
