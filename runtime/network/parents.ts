/**
 * The link of the machine that a macvlan or ipvlan network stands on: one that is there, a VLAN of it that is made on
 * demand (`eth0.10`), or a dummy that leads nowhere. Docker's rules and sentences (its failures there are the daemon's own).
 */
import { access } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import type { NetworkOp } from '../launch/interface-ops.js';
import type { LinkAbove } from '../launch/spec.js';
import type { Launcher } from '../launch/types.js';
import { asLaunchError, runOps } from './link-ops.js';
import type { NetworkRecord } from './types.js';

type Child = LinkAbove['kind'];

/** if_link.h */
const MODES: Readonly<Record<Child, Readonly<Record<string, number>>>> = {
  macvlan: { private: 1, vepa: 2, bridge: 4, passthru: 8 },
  ipvlan: { l2: 0, l3: 1, l3s: 2 },
};
const DEFAULT_MODE = { macvlan: 'bridge', ipvlan: 'l2' } as const;
const IPVLAN_FLAGS: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };

export const isChild = (driver: NetworkRecord['driver']): driver is Child =>
  driver === 'macvlan' || driver === 'ipvlan';

const childMode = (driver: Child, options: NetworkRecord['options']): string =>
  options[`${driver}_mode`] || DEFAULT_MODE[driver];

/** Whether containers reach what is outside over the link itself, without a gateway. */
export function isRouted({ driver, options }: Pick<NetworkRecord, 'driver' | 'options'>): boolean {
  return driver === 'ipvlan' && childMode(driver, options) !== 'l2';
}

/** Name of the parent. Throws `system` for options that are none. */
export function parentOf(driver: Child, options: NetworkRecord['options'], id: string): string {
  const mode = childMode(driver, options);
  if (MODES[driver][mode] === undefined)
    throw refusal(
      `requested ${driver} mode '${mode}' is not valid, '${DEFAULT_MODE[driver]}' mode is the ${driver} driver default`,
    );
  const flag = options.ipvlan_flag || 'bridge';
  if (driver === 'ipvlan' && IPVLAN_FLAGS[flag] === undefined)
    throw refusal(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
  const parent = options.parent ?? '';
  if (parent === 'lo') throw refusal(`loopback interface is not a valid ${driver} parent link`);
  return parent === '' ? `${driver === 'macvlan' ? 'dm' : 'di'}-${id.slice(0, 12)}` : parent;
}

/** A parent in passthru mode has one network. Throws `system`. */
export function refuseSharedParent(record: NetworkRecord, others: readonly NetworkRecord[]): void {
  if (!isChild(record.driver)) return;
  const mode = childMode(record.driver, record.options);
  for (const other of others) {
    if (other.driver !== record.driver || other.parent !== record.parent) continue;
    if (childMode(other.driver, other.options) === 'passthru')
      throw refusal(`macvlan network ${other.id} is already using parent interface ${other.parent} in mode passthru`);
    if (mode === 'passthru')
      throw refusal(
        `cannot use mode passthru, macvlan network ${other.id} is already using parent interface ${other.parent}`,
      );
  }
}

/** What a container's interface is made with. */
export function linkAbove(network: NetworkRecord): LinkAbove | undefined {
  const { driver, options, parent } = network;
  if (!isChild(driver) || parent === undefined) return undefined;
  const flags = driver === 'ipvlan' ? (IPVLAN_FLAGS[options.ipvlan_flag || 'bridge'] ?? 0) : 0;
  return { kind: driver, parent, number: MODES[driver][childMode(driver, options)] ?? 0, flags };
}

/** The link that is to be there, made when it is not; resolves to whether it was made. Throws `system`. */
export async function ensureParent(launcher: Launcher, network: NetworkRecord): Promise<boolean> {
  const { parent = '', options } = network;
  if (await isLink(parent)) return false;
  if (!options.parent) {
    await make(launcher, { ...BARE, kind: 'dummy', name: parent }, (why) => why);
    return true;
  }
  const { under, vlan } = vlanOf(parent);
  if (!(await isLink(under))) throw refusal(`-o parent interface was not found on the host: ${under}`);
  const link = { ...BARE, kind: 'vlan', name: parent, parent: under, number: vlan } as const;
  await make(launcher, link, (why) => `failed to create ${parent} vlan link: ${why}`);
  return true;
}

/** Takes a made one away when no other network stands on it. */
export async function removeParent(launcher: Launcher, { parent = '' }: NetworkRecord): Promise<void> {
  await runOps(launcher, [{ op: 'link.delete', name: parent }]).catch(() => undefined);
}

const BARE = {
  op: 'link.make',
  parent: '',
  number: 0,
  flags: 0,
  macAddress: '',
  mtu: 0,
  inside: false,
  pid: 0,
} as const;

async function make(
  launcher: Launcher,
  op: Extract<NetworkOp, { op: 'link.make' }>,
  sentence: (why: string) => string,
): Promise<void> {
  await runOps(launcher, [op]).catch((cause) => {
    const errno = asLaunchError(cause)?.errno;
    if (errno === undefined) throw cause;
    throw new EngineError('system', sentence(errno === 'EOPNOTSUPP' ? 'operation not supported' : errno), { cause });
  });
}

const isLink = (name: string) =>
  access(`/sys/class/net/${name}`).then(
    () => true,
    () => false,
  );

/** `eth0.10`. Throws `system`. */
function vlanOf(parent: string): { under: string; vlan: number } {
  const [under = '', id, ...more] = parent.split('.');
  if (id === undefined || more.length > 0)
    throw refusal(`invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
  if (!/^\d+$/.test(id)) throw refusal(`unable to parse a valid vlan id from: ${id} (ex. eth0.10 for vlan 10)`);
  if (Number(id) < 1 || Number(id) > 4094) throw refusal(`vlan id must be between 1-4094, received: ${Number(id)}`);
  return { under, vlan: Number(id) };
}

const refusal = (sentence: string) => new EngineError('system', sentence);
