import { isIP } from 'node:net';
import { EngineError } from '../errors.js';
import type { NetworkRecord } from './types.js';

/** What the options of Docker's bridge driver say about a network (docs.docker.com, bridge network driver). */
export interface BridgeOptions {
  readonly mtu: number | undefined;
  /** The bridge has no IPv4 address of its own. */
  readonly inhibitIPv4: boolean;
  /** Addresses that containers' connections leave this machine by, in place of the way out's own. */
  readonly hostAddress: Readonly<Record<4 | 6, string | undefined>>;
  /** Start of the names of containers' interfaces: `eth`. */
  readonly interfacePrefix: string;
  readonly masquerade: boolean;
  readonly interContainer: boolean;
  /** Address that published ports without one are bound to. */
  readonly hostBinding: string | undefined;
  readonly bridgeName: string | undefined;
  /** Docker's older way of switching a family on or off, stronger than the request's own fields. */
  readonly enableIPv4: boolean | undefined;
  readonly enableIPv6: boolean | undefined;
  /** How the outside and the containers reach each other, by family. */
  readonly gatewayMode: Readonly<Record<4 | 6, GatewayMode>>;
}

/** `routed`: addresses of containers are not translated on their way out; `isolated`: for internal networks only. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

const NETWORK = 'com.docker.network.';
const PREFIX = `${NETWORK}bridge.`;

/** Throws `invalid` for a value that is none. Unknown options are kept and ignored, as Docker does. */
export function bridgeOptions(options: NetworkRecord['options']): BridgeOptions {
  const family = (name: string) => (options[NETWORK + name] ? flag(options, name, true, NETWORK) : undefined);
  return {
    mtu: mtuOf(options['com.docker.network.driver.mtu']),
    inhibitIPv4: flag(options, 'inhibit_ipv4', false),
    hostAddress: { 4: addressOf(options, 'host_ipv4', NETWORK), 6: addressOf(options, 'host_ipv6', NETWORK) },
    interfacePrefix: options[`${NETWORK}container_iface_prefix`] || 'eth',
    masquerade: flag(options, 'enable_ip_masquerade', true),
    interContainer: flag(options, 'enable_icc', true),
    hostBinding: addressOf(options, 'host_binding_ipv4'),
    bridgeName: nameOf(options[`${PREFIX}name`]),
    enableIPv4: family('enable_ipv4'),
    enableIPv6: family('enable_ipv6'),
    gatewayMode: { 4: gatewayModeOf(options, 4), 6: gatewayModeOf(options, 6) },
  };
}

function mtuOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const mtu = Number(text);
  if (!Number.isInteger(mtu)) throw unreadable('com.docker.network.driver.mtu', 'Atoi', text);
  if (mtu < 0) throw new EngineError('invalid', `invalid MTU number: ${text}`);
  // What the kernel says of it.
  if (mtu > 0 && (mtu < 68 || mtu > 65535)) throw new EngineError('system', 'invalid argument');
  return mtu;
}

function gatewayModeOf(options: NetworkRecord['options'], family: 4 | 6): GatewayMode {
  const name = `${PREFIX}gateway_mode_ipv${family}`;
  const text = options[name] || 'nat';
  if (text === 'nat' || text === 'nat-unprotected' || text === 'routed' || text === 'isolated') return text;
  throw new EngineError('invalid', `failed to parse ${name} value: ${text} (unknown gateway mode ${text})`);
}

function addressOf(options: NetworkRecord['options'], name: string, prefix = PREFIX): string | undefined {
  const text = options[prefix + name];
  if (text === undefined || text === '') return undefined;
  if (isIP(text) === 0) throw new EngineError('invalid', `failed to parse ${prefix}${name} value: ${text} (nil ip)`);
  return text;
}

/** Go's ParseBool. */
function flag(options: NetworkRecord['options'], name: string, otherwise: boolean, prefix = PREFIX): boolean {
  const text = options[prefix + name];
  if (text === undefined || text === '') return otherwise;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw unreadable(prefix + name, 'ParseBool', text);
}

/** Docker passes on what Go's parser says. */
function unreadable(option: string, parser: string, text: string): EngineError {
  const reason = `strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;
  return new EngineError('invalid', `failed to parse ${option} value: ${text} (${reason})`);
}

function nameOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length > 15 || /[\s/]/.test(text) || text === '.' || text === '..')
    throw new EngineError('system', text.length > 15 ? 'numerical result out of range' : 'invalid argument');
  return text;
}
