/** Gives open host ports their number and finds clashes before anything starts. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EngineClient } from '../engine/client.js';
import { listContainers } from '../engine/containers.js';
import { enginePaths } from '../engine/paths.js';
import { type Location, UserError } from '../errors.js';
import { type HostPorts, isOpen } from '../model/host-ports.js';
import { composeLabel } from '../model/labels.js';
import { projectObjectName } from '../model/names.js';
import type { Observed } from '../model/observed.js';
import type { Plan } from '../model/plan.js';
import type { Project } from '../model/project.js';
import { isBalanced } from '../plan/balance.js';
import { candidates, heldPort, observedPorts, type WantedPort, wantedPorts } from '../plan/host-ports.js';
import { isFree, listener } from './listeners.js';
import type { Session } from './session.js';

/** An address where the config names none, as for the containers themselves. */
const defaultAddress = '127.0.0.1';

export interface PortSearch {
  readonly project: Project;
  readonly observed: Observed;
  readonly plan: Plan;
  readonly locate: (path: string) => Location | undefined;
}

/**
 * The host port of each open port. Throws UserErrors for a fixed one that somebody else has. An engine on another machine
 * gives its own and says itself what clashes.
 */
export async function settleHostPorts(session: Session, engine: EngineClient, search: PortSearch): Promise<HostPorts> {
  const wanted = wantedPorts(search.project, search.plan);
  if (!('socketPath' in engine.address)) return observedPorts(search.observed);
  const someAreMade = wanted.length > 0 && search.plan.steps.some(({ op }) => op.do === 'container.create');
  const others = someAreMade ? await otherHolders(engine, search.project.name) : new Map<string, string>();
  if (someAreMade) await refuseClashes(search, wanted, others);
  return { ...observedPorts(search.observed), ...(await giveNumbers(session, search, wanted, others)) };
}

/** `8080/tcp` → who has it, of what other projects run. */
async function otherHolders(engine: EngineClient, project: string): Promise<Map<string, string>> {
  const holders = new Map<string, string>();
  for (const { Names, Labels, Ports } of await listContainers(engine, {}, false)) {
    const owner = Labels?.[composeLabel.project];
    if (owner === project) continue;
    const name = `container ${Names[0]?.replace(/^\//, '')}${owner ? ` of project ${owner}` : ''}`;
    for (const port of Ports ?? []) if (port.PublicPort) holders.set(`${port.PublicPort}/${port.Type}`, name);
  }
  return holders;
}

async function giveNumbers(
  session: Session,
  { project, observed }: PortSearch,
  wanted: readonly WantedPort[],
  others: ReadonlyMap<string, string>,
): Promise<HostPorts> {
  const open = wanted.filter(({ port }) => isOpen(port));
  const file = portsFile(session, project);
  const known = readPorts(file);
  const given: Record<string, number> = { ...known };
  const taken = new Set(wanted.map(({ port }) => Number(port.published)));
  for (const one of open) {
    const protocol = one.port.protocol || 'tcp';
    const usable = async (port: number) =>
      !taken.has(port) && !others.has(`${port}/${protocol}`) && (await isFree(addressOf(one), port, protocol));
    const held = heldPort(observed, one);
    const before = known[one.key];
    const kept = held ?? (before !== undefined && (await usable(before)) ? before : undefined);
    given[one.key] = kept ?? (await firstUsable(candidates(project, one.key), usable)) ?? 0;
    taken.add(given[one.key]!);
    if (before !== undefined && given[one.key] !== before && held === undefined) {
      await session.terminal.status(`Port ${before} of ${one.service} is taken; it has ${given[one.key]} now.\n`);
    }
  }
  if (JSON.stringify(given) !== JSON.stringify(known)) writePorts(file, given);
  return Object.fromEntries(Object.entries(given).filter(([, port]) => port > 0));
}

async function firstUsable(
  ports: Iterable<number>,
  usable: (port: number) => Promise<boolean>,
): Promise<number | undefined> {
  for (const port of ports) if (await usable(port)) return port;
  return undefined;
}

const addressOf = ({ port }: WantedPort) => port.host_ip || defaultAddress;

/** Fixed ports of the containers that are made: two of our own that want the same, and what others have. */
async function refuseClashes(
  { project, observed, plan, locate }: PortSearch,
  wanted: readonly WantedPort[],
  others: ReadonlyMap<string, string>,
): Promise<void> {
  const made = plan.steps.flatMap(({ op }) => (op.do === 'container.create' ? [`${op.service}.${op.replica}`] : []));
  const own = new Set(observed.containers.flatMap(({ ports }) => ports.map((port) => port.published)));
  const seen = new Map<string, WantedPort>();
  for (const one of wanted.filter(({ port }) => /^\d+$/.test(String(port.published ?? '')))) {
    if (!made.includes(`${one.service}.${one.replica}`)) continue;
    const published = Number(one.port.published);
    const protocol = one.port.protocol || 'tcp';
    const place = `${addressOf(one)}:${published}/${protocol}`;
    const twin = seen.get(place);
    if (twin && !(twin.service === one.service && isBalanced(project, one.service)))
      throw twin.service === one.service
        ? cannotShare(one, locate)
        : clash(one, `${nameOf(project, twin)} wants it too`, locate);
    seen.set(place, one);
    if (own.has(published)) continue;
    const holder = others.get(`${published}/${protocol}`);
    if (holder !== undefined) throw clash(one, `${holder} has it`, locate);
    if (await isFree(addressOf(one), published, protocol)) continue;
    throw clash(one, `${listener(published, protocol) ?? 'another program'} is listening on it`, locate);
  }
}

const nameOf = (project: Project, { service, replica }: WantedPort) => projectObjectName(project, service, replica);

/** An engine that is not ours gives a port to one container. */
function cannotShare({ service, index, port }: WantedPort, locate: PortSearch['locate']): UserError {
  const at = `services.${service}.ports.${index}`;
  return new UserError(
    'port-busy',
    `${service} wants several containers at host port ${port.published}, and this engine gives a port to one of them.`,
    [
      "devenv's own engine deals the connections out among them (leave --engine and DEVENV_ENGINE away).",
      `Or leave the host port open (- "${port.target}"), so that each gets its own.`,
    ],
    locate(at),
  );
}

function clash({ service, index, port }: WantedPort, why: string, locate: PortSearch['locate']): UserError {
  const at = `services.${service}.ports.${index}`;
  return new UserError(
    'port-busy',
    `${service} wants host port ${port.published}, but ${why}.`,
    [`Stop that, or change ${at}; a port without a host port (- "${port.target}") gets a free one that stays.`],
    locate(at),
  );
}

/** One file for a project in its folder, beside what our engine keeps: another checkout has another. */
function portsFile({ world }: Session, project: Project): string {
  const id = createHash('sha256').update(`${project.workingDir}\0${project.name}`).digest('hex').slice(0, 16);
  return path.join(enginePaths(world.env, world.uid).home, 'projects', id, 'ports.json');
}

function readPorts(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {}; // the first time, or written by hand: numbers are chosen again
  }
}

/** A folder that cannot be written to only means that a port is chosen by its name again. */
function writePorts(file: string, ports: HostPorts): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(ports)}\n`);
    renameSync(temporary, file);
  } catch {}
}
