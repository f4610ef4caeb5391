/** What a container may ask of a network that it is put on. Pure; throws EngineError('invalid') in the words of Docker's daemon. */
import { isIPv4, isIPv6 } from 'node:net';
import { EngineError } from '../errors.js';
import { contains, parseAddress, parsePrefix } from '../network/address.js';
import type { NetworkRecord } from '../network/types.js';
import type { EndpointSettings } from './types.js';

const MAC = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;
export const predefinedNetworks = ['bridge', 'host', 'none'];

/** `network`: undefined while there is none of that name; its subnets are not looked at then. All mistakes are told at once. */
export function checkEndpointSettings(
  name: string,
  network: NetworkRecord | undefined,
  settings: EndpointSettings,
): void {
  const { MacAddress } = settings;
  if (MacAddress !== '' && !MAC.test(MacAddress)) throw new EngineError('invalid', `invalid MAC address ${MacAddress}`);
  const mistakes = [
    ...predefinedMistakes(name, settings),
    ...addressMistakes(network, settings),
    ...sysctlMistakes(settings.DriverOpts?.[INTERFACE_SYSCTLS_OPTION]),
  ];
  if (mistakes.length === 0) return;
  const said = mistakes.length === 1 ? mistakes : mistakes.map((mistake) => `* ${mistake}`);
  throw new EngineError('invalid', `invalid endpoint settings:\n${said.join('\n')}`);
}

/** What only networks that somebody made can give. */
function predefinedMistakes(name: string, { IPAMConfig, Aliases }: EndpointSettings): string[] {
  if (!predefinedNetworks.includes(name)) return [];
  const hasAddress = Boolean(IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address);
  return [
    ...(hasAddress ? ['user specified IP address is supported on user defined networks only'] : []),
    ...((Aliases ?? []).length > 0
      ? ['network-scoped alias is supported only for containers in user defined networks']
      : []),
  ];
}

function addressMistakes(network: NetworkRecord | undefined, { IPAMConfig }: EndpointSettings): string[] {
  const { IPv4Address = '', IPv6Address = '', LinkLocalIPs } = IPAMConfig ?? {};
  const forms = [
    ...(IPv4Address !== '' && !isIPv4(IPv4Address) ? [`invalid IPv4 address: ${IPv4Address}`] : []),
    ...(IPv6Address !== '' && !isIPv6(IPv6Address) ? [`invalid IPv6 address: ${IPv6Address}`] : []),
    ...(LinkLocalIPs ?? [])
      .filter((address) => !isIPv4(address) && !isIPv6(address))
      .map((address) => `invalid link-local IP address: ${address}`),
  ];
  if (network === undefined || network.predefined) return forms;
  return [...forms, ...rangeMistakes(network, IPv4Address, 4), ...rangeMistakes(network, IPv6Address, 6)];
}

/** An address can be wished for where somebody chose the subnet. */
function rangeMistakes({ ipam, asked = ipam }: NetworkRecord, text: string, family: 4 | 6): string[] {
  if (text === '') return [];
  const subnets = asked.flatMap(({ subnet = '' }) => parsePrefix(subnet) ?? []).filter((one) => one.family === family);
  if (subnets.length === 0)
    return ['user specified IP address is supported only when connecting to networks with user configured subnets'];
  const address = parseAddress(text);
  if (address !== undefined && subnets.some((subnet) => contains(subnet, address))) return [];
  return [`no configured subnet or ip-range contain the IP address ${text}`];
}

export const INTERFACE_SYSCTLS_OPTION = 'com.docker.network.endpoint.sysctls';

const INTERFACE_SYSCTL = /^net\.(ipv4|ipv6|mpls)\.([a-z0-9_]+)\.IFNAME\.([a-z0-9_]+)=(.*)$/;

function sysctlMistakes(text = ''): string[] {
  return splitSysctls(text)
    .filter((entry) => !INTERFACE_SYSCTL.test(entry))
    .map(
      (entry) =>
        `unrecognised network interface sysctl '${entry}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    );
}

const splitSysctls = (text: string) => text.split(',').filter((entry) => entry !== '');

/** `net.ipv4.conf.IFNAME.log_martians=1,…` as paths below /proc/sys/net with their values; undefined for none. */
export function interfaceSysctls(text: string | undefined, name: string): Record<string, string> | undefined {
  const found = splitSysctls(text ?? '').flatMap((entry) => {
    const [, family, group, key, value] = INTERFACE_SYSCTL.exec(entry) ?? [];
    return family === undefined ? [] : [[`${family}/${group}/${name}/${key}`, value ?? '']];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
