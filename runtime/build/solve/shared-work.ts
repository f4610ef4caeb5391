/** What late comers are told again, at most. */
const REMEMBERED = 5000;

/**
 * The same work is done once for all who ask for it while it goes on. It is only cancelled when everybody who asked
 * has gone; late comers are told again what was said so far.
 */
export class SharedWork<Result, Message> {
  private readonly running = new Map<string, Job<Result, Message>>();

  async run(
    key: string,
    options: { readonly signal: AbortSignal; readonly onMessage: (message: Message) => void },
    work: (signal: AbortSignal, say: (message: Message) => void) => Promise<Result>,
  ): Promise<{ result: Result; shared: boolean }> {
    options.signal.throwIfAborted();
    const found = this.running.get(key);
    const job = found ?? this.start(key, work);
    const leave = () => {
      if (found === undefined) job.orphaned = true;
    };
    options.signal.addEventListener('abort', leave, { once: true });
    try {
      return { result: await job.join(options.signal, options.onMessage), shared: found !== undefined };
    } catch (error) {
      // It may have failed because what it read went away with who began it.
      if (found !== undefined && job.orphaned && !options.signal.aborted) return this.run(key, options, work);
      throw error;
    } finally {
      options.signal.removeEventListener('abort', leave);
    }
  }

  private start(key: string, work: (signal: AbortSignal, say: (message: Message) => void) => Promise<Result>) {
    const job = new Job(work, () => this.running.get(key) === job && this.running.delete(key));
    this.running.set(key, job);
    return job;
  }
}

class Job<Result, Message> {
  /** Who began it has gone. */
  orphaned = false;
  private readonly abort = new AbortController();
  private readonly said: Message[] = [];
  private readonly listeners = new Set<(message: Message) => void>();
  private readonly result: Promise<Result>;

  constructor(
    work: (signal: AbortSignal, say: (message: Message) => void) => Promise<Result>,
    private readonly onOver: () => void,
  ) {
    const say = (message: Message) => {
      this.said.push(message);
      if (this.said.length > 2 * REMEMBERED) this.said.splice(0, REMEMBERED);
      for (const listener of this.listeners) listener(message);
    };
    this.result = Promise.resolve()
      .then(() => work(this.abort.signal, say))
      .finally(onOver);
    this.result.catch(() => undefined);
  }

  /** The last one to leave early takes the work along, and waits until it has ended. */
  async join(signal: AbortSignal, onMessage: (message: Message) => void): Promise<Result> {
    for (const message of this.said) onMessage(message);
    const listener = (message: Message) => onMessage(message);
    this.listeners.add(listener);
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([this.result, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      this.listeners.delete(listener);
      if (this.listeners.size === 0) await this.cancel(signal);
    }
  }

  private async cancel(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) return;
    this.onOver();
    this.abort.abort(signal.reason);
    await this.result.catch(() => undefined);
  }
}
