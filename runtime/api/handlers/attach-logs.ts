import type { Container } from '../../engine/container.js';
import { readableLog } from '../../engine/container-view.js';
import type { Engine } from '../../engine/engine.js';
import { readLogs } from '../../engine/logs.js';
import type { Hijacked } from '../hijack.js';
import { frameLines } from '../streams.js';

/** What the container has written until now, for `attach?logs=1`. */
export async function attachLogs(
  engine: Engine,
  container: Container,
  choice: { readonly stdout: boolean; readonly stderr: boolean },
  client: Hijacked,
): Promise<void> {
  const file = readableLog(engine, container);
  if (file === undefined) return;
  const source = { file, ended: undefined, signal: new AbortController().signal };
  const wanted = {
    stdout: choice.stdout,
    stderr: choice.stderr,
    sinceNs: undefined,
    untilNs: undefined,
    tail: undefined,
  };
  for await (const piece of readLogs(source, wanted))
    await client.write(container.record.config.Tty ? piece.payload : frameLines(piece.stream, piece.payload));
}
