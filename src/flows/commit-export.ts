/** `commit` and `export`: what a service's container has become, as an image or a tar. */
import { commitContainer, exportContainer } from '../engine/containers.js';
import { splitReference } from '../engine/images.js';
import { chooseOne } from './containers.js';
import { writeStream } from './objects/images.js';
import type { Session } from './session.js';

export interface CommitWish {
  readonly service: string;
  readonly index: number | undefined;
  readonly reference: string | undefined;
  readonly author: string | undefined;
  readonly message: string | undefined;
  readonly pause: boolean;
  readonly changes: readonly string[];
  readonly dryRun: boolean;
}

export async function commitService(session: Session, wish: CommitWish): Promise<void> {
  const { engine, container } = await chooseOne(session, wish.service, { index: wish.index, running: false });
  if (wish.dryRun) return session.terminal.data(`container.commit   ${container.name}  ${wish.reference ?? ''}\n`);
  const id = await commitContainer(engine, container.id, { ...wish, ...namesOf(wish.reference) });
  await session.terminal.data(`${id}\n`);
}

export function namesOf(reference: string | undefined): { repository: string | undefined; tag: string | undefined } {
  if (!reference) return { repository: undefined, tag: undefined };
  const { fromImage, tag } = splitReference(reference);
  return { repository: fromImage, tag };
}

export async function exportService(
  session: Session,
  wish: { service: string; index: number | undefined; output: string | undefined; dryRun: boolean },
): Promise<void> {
  const { engine, container } = await chooseOne(session, wish.service, { index: wish.index, running: false });
  if (wish.dryRun) return session.terminal.data(`container.export   ${container.name}  ${wish.output ?? '-'}\n`);
  await writeStream(session, () => exportContainer(engine, container.id), wish.output);
}

/** Any container, by its name or id. */
export async function exportByName(session: Session, name: string, output: string | undefined): Promise<void> {
  const engine = await session.engine();
  await writeStream(session, () => exportContainer(engine, name), output);
}
