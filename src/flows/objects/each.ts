/** What the engine's own commands share: work on several names, look at several, throw away what is unused. */
import type { PruneAnswer } from '../../engine/answers.js';
import type { EngineClient } from '../../engine/client.js';
import { EngineAnswerError } from '../../engine/errors.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../model/bytes.js';
import { compileTemplate } from '../../output/template/evaluate.js';
import { ask } from '../questions.js';
import type { Session } from '../session.js';

/**
 * Does `work` to each name and prints what it gives, or the name. One that the engine refuses does not stop the others.
 * Gives the exit code.
 */
export async function forEachName(
  session: Session,
  names: readonly string[],
  work: (engine: EngineClient, name: string) => Promise<unknown>,
  options: { readonly silent?: boolean; readonly missingIsFine?: boolean } = {},
): Promise<number> {
  const engine = await session.engine();
  let code = 0;
  for (const name of names) {
    try {
      const said = await work(engine, name);
      if (!options.silent) await session.terminal.data(`${typeof said === 'string' ? said : name}\n`);
    } catch (error) {
      if (!(error instanceof EngineAnswerError)) throw error;
      if (options.missingIsFine && error.status === 404) continue;
      await session.terminal.status(`Error response from daemon: ${error.message}\n`);
      code = 1;
    }
  }
  return code;
}

/** `inspect`: an array, or a template for each. What is not there is told after the others. Gives the exit code. */
export async function inspectEach(
  session: Session,
  names: readonly string[],
  format: string | undefined,
  look: (engine: EngineClient, name: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<number> {
  const engine = await session.engine();
  const found: Readonly<Record<string, unknown>>[] = [];
  const missing: string[] = [];
  for (const name of names) {
    try {
      found.push(await look(engine, name));
    } catch (error) {
      if (!(error instanceof EngineAnswerError)) throw error;
      missing.push(error.message);
    }
  }
  if (format && format !== 'json') {
    const fill = compileTemplate(format.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
    for (const one of found) await session.terminal.data(`${fill(one)}\n`);
  } else {
    const indent = format === 'json' ? undefined : 4;
    await session.terminal.data(`${JSON.stringify(found, undefined, indent)}\n`);
  }
  for (const sentence of missing) await session.terminal.status(`Error response from daemon: ${sentence}\n`);
  return missing.length ? 1 : 0;
}

/** Asks first, unless `force`. Throws UserError `not-asked` where nobody can be asked. */
export async function confirmed(session: Session, warning: string, force: boolean): Promise<boolean> {
  if (force) return true;
  const { stdin, stderr } = session.world;
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new UserError('not-asked', 'Nothing was removed: this has to be answered at a terminal.', [
      'Give --force to do it without being asked.',
    ]);
  }
  return ask(session, `WARNING! ${warning}\nAre you sure you want to continue?`, false);
}

/** What a prune removed, in the words of the docker command. */
export function prunedText(title: string, removed: readonly string[], answers: readonly PruneAnswer[]): string {
  const list = removed.length ? `${title}:\n${removed.join('\n')}\n\n` : '';
  const bytes = answers.reduce((sum, { SpaceReclaimed }) => sum + (SpaceReclaimed ?? 0), 0);
  return `${list}Total reclaimed space: ${formatBytes(bytes)}\n`;
}
