import { waitContainer } from '../engine/containers.js';
import { UserError } from '../errors.js';
import { chooseContainers } from './containers.js';
import { bringDown } from './down.js';
import type { Session } from './session.js';

/** Until the first container of the services ends. Gives its exit code. */
export async function waitForEnd(session: Session, services: readonly string[], downProject: boolean): Promise<number> {
  const { engine, containers } = await chooseContainers(session, { services });
  const running = containers.filter((one) => one.state === 'running' || one.state === 'restarting');
  if (running.length === 0)
    throw new UserError('no-container', `no containers for project to wait for: ${services.join(', ')}`);
  const abort = new AbortController();
  const ends = running.map(async ({ id, name }) => ({
    name,
    code: await waitContainer(engine, id, 'not-running', abort.signal),
  }));
  const first = await Promise.race(ends);
  abort.abort();
  await Promise.allSettled(ends);
  await session.terminal.status(`container "${first.name}" exited with status code ${first.code}\n`);
  const options = { services: [], volumes: false, images: undefined, removeOrphans: false, graceMs: undefined };
  if (downProject) await bringDown(session, options, false);
  return first.code;
}
