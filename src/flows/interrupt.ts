import { UserError } from '../errors.js';

/** The person gave up: exit code 130, as a shell says SIGINT. */
export class Cancelled extends UserError {
  constructor() {
    super('cancelled', 'canceled', [], undefined, { exitCode: 130 });
  }
}

/**
 * Ctrl-C and SIGTERM while it listens; `onSignal` gets how many there were, from 1. What a command does with them may
 * change on its way; between two such ways they are counted, so that none is lost.
 */
export class Interrupts {
  count = 0;
  private readonly listener = () => this.raise();

  constructor(private onSignal: (count: number) => void) {
    process.on('SIGINT', this.listener);
    process.on('SIGTERM', this.listener);
  }

  /** As a signal would: a terminal in raw mode sends none. */
  raise() {
    this.count += 1;
    this.onSignal(this.count);
  }

  redirect(onSignal: (count: number) => void) {
    this.onSignal = onSignal;
  }

  stop() {
    process.off('SIGINT', this.listener);
    process.off('SIGTERM', this.listener);
  }
}
