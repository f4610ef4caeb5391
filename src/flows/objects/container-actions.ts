/** `container start|stop|…`: one thing done to each of the named containers. */
import {
  commitContainer,
  inspectContainerFully,
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  topContainer,
  unpauseContainer,
  waitContainer,
} from '../../engine/containers.js';
import { renderTable } from '../../output/table.js';
import { namesOf } from '../commit-export.js';
import type { Session } from '../session.js';
import { forEachName, inspectEach } from './each.js';

type Names = readonly string[];

export const startContainers = (session: Session, names: Names) =>
  forEachName(session, names, (engine, name) => startContainer(engine, name));

export const stopContainers = (session: Session, names: Names, graceMs: number | undefined) =>
  forEachName(session, names, (engine, name) => stopContainer(engine, name, graceMs));

export const restartContainers = (session: Session, names: Names, graceMs: number | undefined) =>
  forEachName(session, names, (engine, name) => restartContainer(engine, name, graceMs));

export const killContainers = (session: Session, names: Names, signal: string) =>
  forEachName(session, names, (engine, name) => killContainer(engine, name, signal));

export const pauseContainers = (session: Session, names: Names) => forEachName(session, names, pauseContainer);

export const unpauseContainers = (session: Session, names: Names) => forEachName(session, names, unpauseContainer);

/** Prints their exit codes. */
export const waitForContainers = (session: Session, names: Names) =>
  forEachName(session, names, async (engine, name) => String(await waitContainer(engine, name)));

export const removeContainers = (session: Session, names: Names, how: { force: boolean; volumes: boolean }) =>
  forEachName(session, names, (engine, name) => removeContainer(engine, name, how), { missingIsFine: how.force });

export const inspectContainers = (session: Session, names: Names, how: { format: string | undefined; size: boolean }) =>
  inspectEach(session, names, how.format, (engine, name) => inspectContainerFully(engine, name, how.size));

export const renameByName = (session: Session, container: string, name: string) =>
  forEachName(session, [container], (engine) => renameContainer(engine, container, name), { silent: true });

export async function commitByName(
  session: Session,
  container: string,
  reference: string | undefined,
  how: { author?: string | undefined; message?: string | undefined; pause: boolean; changes: readonly string[] },
): Promise<void> {
  const { author, message, pause, changes } = how;
  const request = { author, message, pause, changes, ...namesOf(reference) };
  await session.terminal.data(`${await commitContainer(await session.engine(), container, request)}\n`);
}

export async function printProcesses(session: Session, container: string): Promise<void> {
  const { Titles, Processes } = await topContainer(await session.engine(), container);
  await session.terminal.data(renderTable(Titles, Processes ?? []));
}
