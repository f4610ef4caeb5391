/** Bridges in the kernel: made when somebody needs one, found again after an engine died, gone when unused. */

import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import type { NetworkOp } from '../launch/interface-ops.js';
import type { Launcher } from '../launch/types.js';
import { parsePrefix } from './address.js';
import { asLaunchError, runOps } from './link-ops.js';
import { outboundLink } from './machine-routes.js';
import { bridgePrefix, type MachineNames, macOf } from './names.js';
import { bridgeOptions } from './options.js';
import type { NetworkRecord } from './types.js';

const SYS_NET = '/sys/class/net';

/** Bridges that carry this engine's mark: name → network id, which is empty when a killed engine only got to naming it. */
export async function markedBridges(
  names: MachineNames,
  { rootless }: Pick<Launcher['machine'], 'rootless'> = {},
): Promise<Map<string, string>> {
  if (rootless !== undefined) return namedBridges(names, `${rootless.netns.replace(/ns\/net$/, '')}net/dev`);
  const found = new Map<string, string>();
  const links = await readdir(SYS_NET).catch(() => []);
  await Promise.all(
    links.map(async (link) => {
      const alias = await readFile(`${SYS_NET}/${link}/ifalias`, 'utf8').catch(() => '');
      const marked = alias.startsWith(names.aliasPrefix);
      if (marked || link.startsWith(bridgePrefix(names)))
        found.set(link, marked ? alias.slice(names.aliasPrefix.length).trim() : '');
    }),
  );
  return found;
}

/** From proc_pid_net(5): the names alone, and all there are in a network namespace of the engine's own are its. */
async function namedBridges(names: MachineNames, file: string): Promise<Map<string, string>> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(2);
  const links = lines.map((line) => line.split(':')[0]?.trim() ?? '');
  return new Map(links.filter((link) => link.startsWith(bridgePrefix(names))).map((link) => [link, '']));
}

/** Makes the bridge with its addresses, up. One of that name that a person made is used as it is. Returns whether it is ours. */
export async function makeBridge(
  launcher: Launcher,
  names: MachineNames,
  network: NetworkRecord,
  mtu: number,
): Promise<boolean> {
  const gateway = network.ipam.find(({ gateway: address }) => address !== undefined)?.gateway;
  const create: NetworkOp = {
    op: 'bridge.create',
    name: network.bridge,
    macAddress: macOf(gateway?.includes(':') ? undefined : gateway),
    mtu,
    alias: names.aliasPrefix + network.id,
  };
  try {
    await runOps(launcher, [create, ...wiring(network)]);
    return true;
  } catch (error) {
    const failure = asLaunchError(error);
    const isThere = failure?.operation === 'bridge.create' && failure.errno === 'EEXIST';
    if (!isThere) await removeBridge(launcher, network.bridge).catch(() => undefined);
    if (!isThere) throw refused(network, error);
  }
  const ours = await isMarked(names, launcher, network);
  if (!ours) await refuseOther(network);
  await runOps(launcher, wiring(network).map(passAddress)).catch((error) => {
    throw refused(network, error);
  });
  return ours;
}

/** What is there already keeps its addresses. */
function passAddress(op: NetworkOp): NetworkOp {
  return op.op === 'addr.add' ? { ...op, optional: true } : op;
}

/** `accept_ra` and forwarding of IPv6 are the whole machine's, so they are touched only for a network that needs them. */
function wiring(network: NetworkRecord): NetworkOp[] {
  const name = network.bridge;
  const { inhibitIPv4 } = bridgeOptions(network.options);
  const addresses = network.ipam.flatMap(({ gateway, subnet }): NetworkOp[] =>
    gateway === undefined || (inhibitIPv4 && !gateway.includes(':'))
      ? []
      : [{ op: 'addr.add', name, address: `${gateway}/${parsePrefix(subnet)?.length}` }],
  );
  const sysctl = (path: string, value: string): NetworkOp => ({ op: 'net.sysctl', path, value, optional: true });
  return [
    ...(network.enableIPv6
      ? [sysctl('ipv6/conf/all/forwarding', '1')]
      : [sysctl(`ipv6/conf/${name}/disable_ipv6`, '1')]),
    { op: 'net.sysctl', path: 'ipv4/ip_forward', value: '1' },
    sysctl(`ipv4/conf/${name}/route_localnet`, '1'),
    ...addresses,
    { op: 'link.set', name, up: true, mtu: 0, macAddress: '', rename: '', pid: 0 },
  ];
}

async function isMarked(names: MachineNames, launcher: Launcher, network: NetworkRecord): Promise<boolean> {
  const id = (await markedBridges(names, launcher.machine)).get(network.bridge);
  return id === network.id || id === '';
}

/** A bridge that a person made may be used when the option names it; anything else of that name is in the way. */
async function refuseOther(network: NetworkRecord): Promise<void> {
  const isNamed = bridgeOptions(network.options).bridgeName !== undefined;
  const isBridge = await access(`${SYS_NET}/${network.bridge}/bridge`).then(
    () => true,
    () => false,
  );
  if (!isBridge && isNamed) throw new EngineError('system', `existing interface ${network.bridge} is not a bridge`);
  if (!isBridge || !isNamed)
    throw new EngineError('system', `there is a link named ${network.bridge} on this machine that is not ours`);
}

export async function removeBridge(launcher: Launcher, name: string): Promise<void> {
  await runOps(launcher, [{ op: 'link.delete', name }]).catch((error) => {
    if (asLaunchError(error)?.errno !== 'ENODEV') throw error;
  });
}

function refused(network: NetworkRecord, error: unknown): unknown {
  const failure = asLaunchError(error);
  if (failure === undefined) return error;
  const sentence = `the bridge ${network.bridge} of network ${network.name} could not be made: ${failure.message}`;
  return new EngineError('system', sentence, { cause: error });
}

/** A machine that learns its default route by router advertisements would lose it once it forwards, unless told so. */
export async function keepRouterAdvertisements(): Promise<void> {
  const base = '/proc/sys/net/ipv6/conf';
  for (const name of await readdir(base).catch(() => [])) {
    const path = `${base}/${name}/accept_ra`;
    if ((await readFile(path, 'utf8').catch(() => '')).trim() === '1')
      await writeFile(path, '2').catch(() => undefined);
  }
}

/** The MTU of the link that the default route goes out by, at most 1500: larger packets would get lost on the way. */
export async function outboundMtu(): Promise<number> {
  const link = await outboundLink();
  if (link === undefined) return 1500;
  const mtu = Number(await readFile(`${SYS_NET}/${link}/mtu`, 'utf8').catch(() => ''));
  return mtu >= 576 ? Math.min(mtu, 1500) : 1500;
}
