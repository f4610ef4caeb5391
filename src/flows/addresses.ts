import { containerLogs } from '../engine/containers.js';
import { linesOf } from '../engine/streams.js';
import type { ObservedContainer } from '../model/observed.js';
import { observeContainers } from '../observe/observe.js';
import type { Session } from './session.js';
import type { UpResult } from './up.js';

/** Where to click: each published TCP port of what runs, and what ended at once. Gives the number of services that ended with an error. */
export async function showAddresses(
  session: Session,
  { engine, loaded, observed, plan, selected }: UpResult,
): Promise<number> {
  const unchanged = plan.steps.length === 0;
  const all = unchanged ? observed.containers : await observeContainers(engine, loaded.project.name);
  const containers = all.filter((one) => selected.has(one.service) && !one.oneOff);
  const lines = containers.flatMap(addressLines);
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  for (const [name, address] of new Map(lines.map((line) => [line.join(' '), line])).values()) {
    await session.terminal.status(`  ${name.padEnd(width)}  ${session.terminal.errColors.cyan(address)}\n`);
  }
  return unchanged ? 0 : showEnded(session, containers, { engine });
}

function addressLines({ service, ports, state }: ObservedContainer): [string, string][] {
  if (state !== 'running') return [];
  return ports
    .filter((port) => port.published && !port.ip?.includes(':'))
    .map(({ ip, published, protocol }) => {
      const host = !ip || ip === '0.0.0.0' ? '127.0.0.1' : ip;
      return [service, protocol === 'tcp' ? `http://${host}:${published}` : `${host}:${published}/${protocol}`];
    });
}

/** A service that ended with an error while others were started would otherwise go unnoticed. */
async function showEnded(
  { terminal }: Session,
  containers: readonly ObservedContainer[],
  { engine }: Pick<UpResult, 'engine'>,
): Promise<number> {
  const ended = containers.filter(({ state, exitCode }) => state === 'exited' && exitCode);
  for (const { id, name, exitCode, service } of ended) {
    await terminal.status(`${terminal.errColors.red(`${name} exited with code ${exitCode}`)}; it printed last:\n`);
    for await (const { text } of linesOf(containerLogs(engine, id, { tail: '5', tty: false }))) {
      await terminal.status(`  | ${text}\n`);
    }
    await terminal.status(`  All of it: devenv logs ${service}\n`);
  }
  return ended.length;
}
