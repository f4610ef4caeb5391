import readline from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Session } from './session.js';

/** One line that a person types; `hidden`: nothing of it is shown. The caller has seen that there is a terminal. */
export async function promptLine(
  { world }: Session,
  question: string,
  options: { readonly hidden?: boolean } = {},
): Promise<string> {
  let silent = false;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!silent) world.stderr.write(chunk.toString());
      done();
    },
  });
  const reader = readline.createInterface({ input: world.stdin, output, terminal: true });
  try {
    const answer = reader.question(question);
    silent = options.hidden ?? false;
    return (await answer).trim();
  } finally {
    reader.close();
    if (options.hidden) world.stderr.write('\n');
  }
}
