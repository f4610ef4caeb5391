/**
 * Work that several ask for at once is done once: everybody hears of its progress and gets its result. It is given up
 * only when everybody who waited has gone.
 */
export class SharedWork<Result, Event> {
  readonly #running = new Map<string, Running<Result, Event>>();

  join(
    key: string,
    who: { readonly signal?: AbortSignal; readonly onEvent?: (event: Event) => void },
    start: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    who.signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, start);
    if (who.onEvent) running.listeners.add(who.onEvent);
    running.waiting++;
    return waitFor(running, who);
  }

  #start(key: string, start: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>) {
    const controller = new AbortController();
    const listeners = new Set<(event: Event) => void>();
    const emit = (event: Event) => {
      for (const listener of listeners) listener(event);
    };
    // Begun a moment later, so that whoever starts it hears its first word too.
    const result = Promise.resolve()
      .then(() => start(emit, controller.signal))
      .finally(() => {
        if (this.#running.get(key) === running) this.#running.delete(key);
      });
    const abandon = () => {
      this.#running.delete(key);
      controller.abort();
    };
    const running: Running<Result, Event> = { result, listeners, abandon, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

interface Running<Result, Event> {
  readonly result: Promise<Result>;
  readonly listeners: Set<(event: Event) => void>;
  readonly abandon: () => void;
  waiting: number;
}

function waitFor<Result, Event>(
  running: Running<Result, Event>,
  { signal, onEvent }: { readonly signal?: AbortSignal; readonly onEvent?: (event: Event) => void },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      signal?.removeEventListener('abort', abort);
      if (onEvent) running.listeners.delete(onEvent);
      running.waiting--;
    };
    const abort = () => {
      leave();
      if (running.waiting === 0) running.abandon();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    running.result.then(
      (result) => {
        leave();
        resolve(result);
      },
      (error) => {
        leave();
        reject(error);
      },
    );
  });
}
