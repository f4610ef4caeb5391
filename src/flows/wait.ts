import { waitContainer } from '../engine/containers.js';
import { UserError } from '../errors.js';
import { chooseContainers } from './containers.js';
import { bringDown } from './down.js';
import type { Session } from './session.js';

/**
 * Until all running containers of the services have ended; a line for each on standard output. Gives the exit code of the one that
 * ended last, as Compose does. `downProject`: the project is then brought down.
 */
export async function waitForEnd(session: Session, services: readonly string[], downProject: boolean): Promise<number> {
  const { engine, containers } = await chooseContainers(session, { services, oneOffs: true });
  const running = containers.filter((one) => ['running', 'paused', 'restarting'].includes(one.state));
  if (running.length === 0)
    throw new UserError('no-container', `no containers for project to wait for: ${services.join(', ')}`);
  let last = 0;
  await Promise.all(
    running.map(async ({ id }) => {
      last = await waitContainer(engine, id, 'not-running');
      await session.terminal.data(`container "${id}" exited with status code ${last}\n`);
    }),
  );
  const options = { services: [], volumes: false, images: undefined, removeOrphans: true, graceMs: undefined };
  if (downProject) await bringDown(session, options, false);
  return last;
}
