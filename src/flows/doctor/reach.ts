/** What only trying tells: names, registries, ports, the engine. */

import dns from 'node:dns/promises';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { registryOf } from '../../apply/registry-auth.js';
import { locateEngine } from '../../engine/locate.js';
import { answers } from '../../engine/start.js';
import { engineVersion } from '../../engine/system.js';
import type { Project } from '../../model/project.js';
import type { Session } from '../session.js';
import type { Finding } from './finding.js';

const within = <T>(work: Promise<T>, ms: number): Promise<T> =>
  Promise.race([
    work,
    new Promise<T>((_, reject) => setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms).unref()),
  ]);

const hostOf = (registry: string): string => (registry === 'docker.io' ? 'registry-1.docker.io' : registry);

export async function checkNames(registries: readonly string[]): Promise<Finding> {
  const host = hostOf(registries[0]!).replace(/:\d+$/, '');
  try {
    await within(dns.lookup(host), 3000);
    return { name: 'dns', state: 'ok', detail: `${host} has an address` };
  } catch (error) {
    return {
      name: 'dns',
      state: 'warning',
      detail: `${host} has no address (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): nothing can be pulled from there.`,
      fix: 'Check the name servers in /etc/resolv.conf and the network.',
    };
  }
}

/** A registry that wants a log-in answers, too. */
export async function checkRegistry(registry: string): Promise<Finding> {
  const host = hostOf(registry);
  const scheme = /^(?:localhost|127\.)/.test(host) ? 'http' : 'https';
  const name = `registry ${registry}`;
  try {
    const { status } = await within(fetch(`${scheme}://${host}/v2/`, { redirect: 'manual' }), 5000);
    return { name, state: 'ok', detail: `answers (${status})` };
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
    return {
      name,
      state: 'warning',
      detail: `does not answer: ${cause}`,
      fix: 'Check the network and the proxy (HTTPS_PROXY); devenv image load and image bootstrap work without it.',
    };
  }
}

export const registriesOf = (project: Project | undefined): string[] => [
  ...new Set(
    Object.values(project?.services ?? {}).flatMap(({ image, build }) => (image && !build ? [registryOf(image)] : [])),
  ),
];

export async function checkEngine(session: Session): Promise<Finding> {
  const choice = locateEngine(session.options.engine, session.world.env, session.world.uid);
  const ran = await answers(choice.address);
  try {
    const { Version, ApiVersion } = await engineVersion(await session.engine());
    return { name: 'engine', state: 'ok', detail: `${ran ? 'runs' : 'starts'}: ${Version}, API ${ApiVersion}` };
  } catch (error) {
    return {
      name: 'engine',
      state: 'missing',
      detail: (error as Error).message,
      fix: choice.own ? 'devenv engine serve shows why it does not start.' : 'Start it, or leave out --engine.',
    };
  }
}

/** Host ports of the config that somebody else listens on. `ours`: of containers that this project runs. */
export async function checkPorts(project: Project, ours: ReadonlySet<number>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const service of Object.values(project.services)) {
    for (const { published, protocol, host_ip } of service.ports ?? []) {
      const port = Number(published);
      if (!published || !Number.isInteger(port) || protocol !== 'tcp' || ours.has(port)) continue;
      const free = await isFree(port, host_ip ?? '127.0.0.1');
      const holder = free ? undefined : listenerOf(port);
      findings.push(
        free
          ? { name: `port ${port}`, state: 'ok', detail: `free, for ${service.name}` }
          : {
              name: `port ${port}`,
              state: 'warning',
              detail: `${service.name} wants it, but ${holder ?? 'another program'} listens on it.`,
              fix: `Stop that program, or change services.${service.name}.ports.`,
            },
      );
    }
  }
  return findings;
}

const isFree = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/** `node (pid 812)`: by the socket's inode in /proc/net/tcp, looked for among the open files of processes. */
function listenerOf(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => lines(file))
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')?.[9];
  if (!inode) return undefined;
  for (const pid of names('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of names(`/proc/${pid}/fd`)) {
      if (target(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`)
        return `${lines(`/proc/${pid}/comm`)[0]} (pid ${pid})`;
    }
  }
  return undefined;
}

const attempt = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise; // processes end while they are looked at
  }
};
const lines = (file: string): string[] => attempt(() => readFileSync(file, 'utf8').split('\n'), []);
const names = (folder: string): string[] => attempt(() => readdirSync(folder), []);
const target = (link: string): string => attempt(() => readlinkSync(link), '');
