import { EngineError } from '../errors.js';
import type { NetworkRecord } from './types.js';

/** What the options of Docker's bridge driver say about a network (docs.docker.com, bridge network driver). */
export interface BridgeOptions {
  readonly mtu: number | undefined;
  readonly masquerade: boolean;
  readonly interContainer: boolean;
  /** Address that published ports without one are bound to. */
  readonly hostBinding: string | undefined;
  readonly bridgeName: string | undefined;
}

const PREFIX = 'com.docker.network.bridge.';

/** Throws `invalid` for a value that is none. Unknown options are kept and ignored, as Docker does. */
export function bridgeOptions(options: NetworkRecord['options']): BridgeOptions {
  return {
    mtu: mtuOf(options['com.docker.network.driver.mtu']),
    masquerade: flag(options, 'enable_ip_masquerade', true),
    interContainer: flag(options, 'enable_icc', true),
    hostBinding: options[`${PREFIX}host_binding_ipv4`] || undefined,
    bridgeName: nameOf(options[`${PREFIX}name`]),
  };
}

function mtuOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const mtu = Number(text);
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65535)
    throw unreadable('com.docker.network.driver.mtu', 'Atoi', text);
  return mtu;
}

/** Go's ParseBool. */
function flag(options: NetworkRecord['options'], name: string, otherwise: boolean): boolean {
  const text = options[PREFIX + name];
  if (text === undefined || text === '') return otherwise;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw unreadable(PREFIX + name, 'ParseBool', text);
}

/** Docker passes on what Go's parser says. */
function unreadable(option: string, parser: string, text: string): EngineError {
  const reason = `strconv.${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;
  return new EngineError('invalid', `failed to parse ${option} value: ${text} (${reason})`);
}

function nameOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length > 15 || /[\s/]/.test(text) || text === '.' || text === '..')
    throw new EngineError('invalid', `invalid bridge name ${text}: at most 15 characters, no spaces and no slashes`);
  return text;
}
