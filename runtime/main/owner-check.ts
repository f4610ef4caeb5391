/** Who may ask on the engine's socket: its user, whoever else gets at the file. */
import type { Socket } from 'node:net';
import type { Launcher } from '../launch/types.js';

/**
 * For `ApiServer`: a sentence for a connection that another user opened. Where the kernel does not tell (before Linux
 * 5.6, and where pidfd_getfd(2) is not allowed), the modes of the socket and its folder are what keeps others out; that is
 * logged once.
 */
export function ownerCheck(
  launcher: Pick<Launcher, 'peerUid'>,
  log: (text: string) => void,
): (socket: Socket) => Promise<string | undefined> {
  const owner = process.getuid?.() ?? 0;
  let isTold = false;
  return async (socket) => {
    try {
      const uid = await launcher.peerUid(descriptorOf(socket));
      if (uid === owner || socket.destroyed) return undefined;
      return `this engine answers its own user alone, and user ${uid} asked`;
    } catch (error) {
      if (!isTold && !socket.destroyed) log(`who connects is not known: ${(error as Error).message}`);
      isTold ||= !socket.destroyed;
      return undefined;
    }
  };
}

/** Node has it, under a name of its own. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
