import { attachContainer, inspectContainer, killContainer, resizeContainer } from '../engine/containers.js';
import { chooseOne } from './containers.js';
import { Interrupts } from './interrupt.js';
import { converse } from './raw-terminal.js';
import type { Session } from './session.js';

export interface AttachRequest {
  readonly service: string;
  readonly index: number | undefined;
  readonly stdin: boolean;
  /** `ctrl-p,ctrl-q`: typed, they end this and leave the process alone. */
  readonly detachKeys?: string | undefined;
  /** Signals that we get are handed on. */
  readonly forwardSignals: boolean;
}

/** Joins this terminal to the service's own process. Gives its exit code. */
export async function attachToService(session: Session, request: AttachRequest): Promise<number> {
  const { engine, container } = await chooseOne(session, request.service, { index: request.index });
  const { Config } = await inspectContainer(engine, container.id);
  const stdin = request.stdin && Config.OpenStdin;
  const { socket, head } = await attachContainer(engine, container.id, {
    stdin,
    ...(request.detachKeys ? { detachKeys: request.detachKeys } : {}),
  });
  const interrupts = new Interrupts(() => {
    if (request.forwardSignals)
      killContainer(engine, container.id, 'SIGINT').catch(() => {}); // it has ended by itself
    else socket.destroy();
  });
  try {
    const resize = (rows: number, columns: number) => resizeContainer(engine, container.id, rows, columns);
    await converse(session.world, { socket, head, tty: Config.Tty, stdin, resize });
  } finally {
    interrupts.stop();
  }
  const { State } = await inspectContainer(engine, container.id);
  return State.Running ? 0 : State.ExitCode;
}
