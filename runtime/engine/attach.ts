/** Joins a client with the streams of a container's main process, also before it exists. */
import { EngineError } from '../errors.js';
import type { AttachChoice, AttachStream } from '../launch/types.js';
import type { Container, PendingAttach } from './container.js';

/** Throws `conflict` for a paused container, as Docker does. */
export function checkAttach(container: Container): void {
  const { state } = container.record;
  if (state.Paused)
    throw new EngineError('conflict', `container ${container.id} is paused, unpause the container before attach`);
  if (state.Restarting)
    throw new EngineError('conflict', `container ${container.id} is restarting, wait until the container is running`);
}

/**
 * Resolves with the streams; for a container that does not run, when it starts. Rejects when that start fails, or when
 * `signal` gives up.
 */
export function attachContainer(
  container: Container,
  choice: AttachChoice,
  signal: AbortSignal,
): Promise<AttachStream> {
  const { config } = container.record;
  const wanted = { ...choice, stdin: choice.stdin && config.OpenStdin };
  if (container.monitor !== undefined) return container.monitor.attach(wanted);
  return new Promise((resolve, reject) => {
    const pending: PendingAttach = { choice: wanted, connected: resolve, failed: reject };
    container.pendingAttaches.add(pending);
    signal.addEventListener(
      'abort',
      () => {
        container.pendingAttaches.delete(pending);
        reject(new EngineError('system', 'the client is gone'));
      },
      { once: true },
    );
  });
}

/** Throws `conflict` when it does not run. */
export async function resizeContainer(container: Container, rows: number, columns: number): Promise<void> {
  if (container.monitor === undefined) throw new EngineError('conflict', `container ${container.id} is not running`);
  // Without a terminal there is nothing to size, and nothing wrong.
  if (container.record.config.Tty) await container.monitor.resize(rows, columns);
}
