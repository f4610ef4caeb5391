/**
 * How packets leave the engine's own network namespace without root: by pasta or slirp4netns, which join it with a link
 * to the machine's sockets, and where neither can be used by our own carrying of connections, which knows TCP alone.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WayOut } from '../launch/machine.js';

/** Of the benchmarks' range (RFC 2544): no machine's network is there. */
const ADDRESSES = { network: '198.18.53.0', bits: 24, own: '198.18.53.100', gateway: '198.18.53.2' };

interface Leader {
  readonly kind: Exclude<WayOut['kind'], 'carried'>;
  /** The link's name tells later engines which one it is. */
  readonly link: string;
  readonly args: (netns: string) => readonly string[];
}

/** In the order of choice: pasta copies less and knows IPv6. */
const leaders: readonly Leader[] = [
  {
    kind: 'pasta',
    link: 'pasta0',
    args: (netns) => [
      ...['--foreground', '--stderr', '--quiet', '--config-net', '--netns-only', '--no-map-gw'],
      // Ports are published by the containers' own proxies.
      ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
      ...['--ns-ifname', 'pasta0', '--address', ADDRESSES.own, '--netmask', String(ADDRESSES.bits)],
      ...['--gateway', ADDRESSES.gateway, '--netns', netns],
    ],
  },
  {
    kind: 'slirp4netns',
    link: 'slirp0',
    args: (netns) => [
      ...['--configure', '--mtu=65520', '--disable-host-loopback', '--disable-dns'],
      ...[`--cidr=${ADDRESSES.network}/${ADDRESSES.bits}`, '--netns-type=path', netns, 'slirp0'],
    ],
  },
];

export interface WayOutOptions {
  readonly launcher: string;
  readonly holder: number;
  /** For the namespace's file and the log of who leads out. */
  readonly runtime: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (text: string) => void;
}

/** Time for a program to make its link; loaded machines are slow. */
const PATIENCE_MS = 5000;

/** The one that a former engine started, the first that works, or `carried` with what stands in the way of more. */
export async function openWayOut(options: WayOutOptions): Promise<WayOut> {
  const links = linksOf(options.holder);
  const present = leaders.find(({ link }) => links.includes(link));
  if (present !== undefined) return { kind: present.kind };
  const found = leaders.flatMap((leader) => {
    const program = findProgram(leader.kind, options.env);
    return program === undefined ? [] : [{ leader, program }];
  });
  if (found.length === 0)
    return { kind: 'carried', missing: 'neither pasta nor slirp4netns is installed (apt-get install passt)' };
  if (!mayUse('/dev/net/tun'))
    return { kind: 'carried', missing: '/dev/net/tun cannot be opened (as root: chmod 0666 /dev/net/tun)' };
  for (const { leader, program } of found) if (await lead(options, leader, program)) return { kind: leader.kind };
  return { kind: 'carried', missing: `${found.map(({ leader }) => leader.kind).join(' and ')} failed here` };
}

/** Whether its link came; what it said is told where not. */
async function lead(
  { launcher, holder, runtime, log }: WayOutOptions,
  leader: Leader,
  program: string,
): Promise<boolean> {
  const [netns, said] = [path.join(runtime, 'netns'), path.join(runtime, 'way-out.log')];
  const args = ['lead', String(holder), netns, said, program, ...leader.args(netns)];
  const child = spawn(launcher, args, { stdio: 'ignore', detached: true });
  let over = false;
  child.once('exit', () => {
    over = true;
  });
  child.once('error', () => {
    over = true;
  });
  child.unref();
  const giveUp = Date.now() + PATIENCE_MS;
  while (!over && Date.now() < giveUp) {
    if (linksOf(holder).includes(leader.link)) return true;
    await sleep(10);
  }
  if (linksOf(holder).includes(leader.link)) return true;
  child.kill('SIGKILL');
  log(`${leader.kind} leads nowhere: ${readText(said).trim().split('\n').at(-1) ?? ''}`);
  return false;
}

/** proc_pid_net(5): links with a route behind them would be more, but the helpers configure both at once. */
function linksOf(pid: number): string[] {
  const lines = readText(`/proc/${pid}/net/dev`).split('\n').slice(2);
  return lines.map((line) => line.split(':')[0]?.trim() ?? '');
}

function findProgram(name: string, env: WayOutOptions['env']): string | undefined {
  const folders = [...(env.PATH ?? '').split(':'), '/usr/bin', '/usr/local/bin', '/usr/sbin'];
  return folders
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => path.join(folder, name))
    .find(isProgram);
}

const isProgram = (file: string) => allowed(file, constants.X_OK);
const mayUse = (file: string) => allowed(file, constants.R_OK | constants.W_OK);

function allowed(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
