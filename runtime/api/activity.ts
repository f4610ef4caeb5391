/** Who is still asking: open connections, counted so that an engine that nobody uses can leave. */
import type { Server, Socket } from 'node:net';

export class Activity {
  #open = new Set<Socket>();
  #quietSince = performance.now();

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        this.#quietSince = performance.now();
      });
    });
  }

  /** Milliseconds since the last connection closed; 0 while one is open. */
  quietMs(): number {
    return this.#open.size > 0 ? 0 : performance.now() - this.#quietSince;
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
