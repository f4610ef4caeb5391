/** Keys while `up` stays on a terminal, as Compose's menu has them: `w` turns watching on and off, `d` leaves all running. */
import type { Session } from './session.js';

export interface UpMenuKeys {
  /** Ctrl-C, which a terminal in raw mode sends as a byte. */
  readonly interrupt: () => void;
  readonly detach: () => void;
  /** Gives what it is now. Throws UserError where there is nothing to watch. */
  readonly toggleWatch: () => Promise<boolean>;
}

const ctrlC = '\u0003';

/** Where both ends are a terminal; `COMPOSE_MENU=false` and `--no-menu` turn it off, as in Compose. */
export function wantsMenu({ world, options }: Session, asked: boolean | undefined): boolean {
  const isTerminal = world.stdin.isTTY === true && world.stdout.isTTY === true;
  if (!isTerminal || options.progress === 'json') return false;
  return asked ?? !['0', 'false', 'no', 'off'].includes(world.env.COMPOSE_MENU?.toLowerCase() ?? '');
}

/** Listens until the function that it gives is called, which leaves the terminal as it was. */
export function openMenu({ world: { stdin }, terminal }: Session, keys: UpMenuKeys): () => void {
  const say = (text: string) => void terminal.status(`${text}\n`);
  const toggle = async () => {
    say((await keys.toggleWatch()) ? 'Files are watched.' : 'Files are no longer watched.');
  };
  const onData = (chunk: Buffer) => {
    for (const key of chunk.toString('utf8')) {
      if (key === ctrlC) keys.interrupt();
      else if (key === 'd') keys.detach();
      else if (key === 'w') toggle().catch((error: Error) => say(error.message));
      else if (key === '\r') say('');
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  say('w  watch on or off   d  leave, all runs on   Ctrl-C  stop');
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
    stdin.unref?.();
  };
}
