/** Clients that wait to be asked for files, secrets and credentials while a build of theirs goes on. */
import type { GrpcClient } from '../grpc/client.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Codec } from '../proto/codec.js';

export interface Session {
  readonly id: string;
  /** The same for the same folder of the same client, from one build to the next. */
  readonly sharedKey: string;
  /** Paths of the methods that the client serves, in lower case: clients differ in the case of `DiffCopy`. */
  readonly methods: ReadonlySet<string>;
  readonly client: Pick<GrpcClient, 'call' | 'unary' | 'codec' | 'closed'>;
}

/** A build may be asked for before its session has arrived: they come on two connections. */
const patienceMs = 5000;

export class Sessions {
  readonly #open = new Map<string, Session>();
  readonly #awaited = new Map<string, Set<(session: Session) => void>>();

  /** Known until its connection closes. */
  add(session: Session): void {
    this.#open.set(session.id, session);
    for (const tell of this.#awaited.get(session.id) ?? []) tell(session);
    void session.client.closed.then(() => {
      if (this.#open.get(session.id) === session) this.#open.delete(session.id);
    });
  }

  /** Throws `Unavailable` when it does not come, the signal's reason when nobody wants it any more. */
  async find(id: string, signal: AbortSignal): Promise<Session> {
    const known = this.#open.get(id);
    if (known) return known;
    signal.throwIfAborted();
    const waiting = this.#awaited.get(id) ?? new Set();
    this.#awaited.set(id, waiting);
    let finish = () => {};
    try {
      return await new Promise<Session>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new GrpcError(codes.unavailable, `no active session for ${id}`)),
          patienceMs,
        );
        const leave = () => reject(signal.reason);
        signal.addEventListener('abort', leave, { once: true });
        waiting.add(resolve);
        finish = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', leave);
          waiting.delete(resolve);
        };
      });
    } finally {
      finish();
      if (waiting.size === 0) this.#awaited.delete(id);
    }
  }
}

/** Stands for a client that only sent a request: it serves nothing. */
export function noSession(codec: Codec): Session {
  const nothing = () => new GrpcError(codes.notFound, 'the client of this build opened no session');
  const client: Session['client'] = {
    codec,
    closed: new Promise(() => undefined),
    call: () => {
      throw nothing();
    },
    unary: () => Promise.reject(nothing()),
  };
  return { id: '', sharedKey: '', methods: new Set(), client };
}
