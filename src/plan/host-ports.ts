/**
 * Host ports that the config leaves open (`ports: ["8080"]`): each gets one that stays the same for this project in this
 * folder, so that two checkouts run side by side. Pure: what was given before and what is free is handed in.
 */
import { createHash } from 'node:crypto';
import { type HostPorts, portKey } from '../model/host-ports.js';
import type { Observed } from '../model/observed.js';
import type { Plan } from '../model/plan.js';
import type { Port, Project } from '../model/project.js';

/** A host port that a container of the plan wants. */
export interface WantedPort {
  readonly service: string;
  readonly replica: number;
  /** Place in the service's `ports`. */
  readonly index: number;
  readonly port: Port;
  readonly key: string;
}

/** Below the ports that the kernel hands out by itself (ip_local_port_range begins at 32768). */
const range = { first: 20_000, count: 12_000 };

/** The ports of the containers that a plan makes, and of each service's first. */
export function wantedPorts(project: Project, plan: Pick<Plan, 'steps'>): WantedPort[] {
  const made = plan.steps.flatMap(({ op }) => (op.do === 'container.create' ? [op] : []));
  return Object.values(project.services).flatMap(({ name: service, ports = [] }) => {
    const numbers = new Set([1, ...made.filter((op) => op.service === service).map((op) => op.replica)]);
    return [...numbers].flatMap((replica) =>
      ports.map((port, index) => ({ service, replica, index, port, key: portKey(service, replica, ports, index) })),
    );
  });
}

/** The host port that a container of the project has for this now. */
export function heldPort(observed: Observed, { service, replica, port }: WantedPort): number | undefined {
  const container = observed.containers.find(
    (one) => one.service === service && one.replica === replica && !one.oneOff,
  );
  const { target, protocol } = port;
  return container?.ports.find((one) => one.target === target && one.protocol === (protocol || 'tcp') && one.published)
    ?.published;
}

/** What the project's containers have now, by `portKey`: also of services that take no part in this run. */
export function observedPorts({ containers }: Observed): HostPorts {
  const entries = containers
    .filter((one) => !one.oneOff)
    .flatMap(({ service, replica, ports }) =>
      ports.flatMap(({ target, protocol, published }) =>
        published ? [[`${service}.${replica}.${target}/${protocol}`, published] as const] : [],
      ),
    );
  return Object.fromEntries(entries);
}

/** The candidates for a key, best first: always the same ones for a project in its folder. */
export function* candidates(project: Pick<Project, 'name' | 'workingDir'>, key: string): Generator<number> {
  const digest = createHash('sha256').update(`${project.workingDir}\0${project.name}\0${key}`).digest();
  const begin = digest.readUInt32BE(0) % range.count;
  for (let step = 0; step < range.count; step += 1) yield range.first + ((begin + step) % range.count);
}
