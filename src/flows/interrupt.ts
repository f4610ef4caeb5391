import { UserError } from '../errors.js';

/** The person gave up: exit code 130, as a shell says SIGINT. */
export class Cancelled extends UserError {
  constructor() {
    super('cancelled', 'canceled', [], undefined, { exitCode: 130 });
  }
}

/** Ctrl-C and SIGTERM while it listens; `onSignal` gets how many there were, from 1. */
export class Interrupts {
  private count = 0;
  private readonly listener = () => {
    this.count += 1;
    this.onSignal(this.count);
  };

  constructor(private readonly onSignal: (count: number) => void) {
    process.on('SIGINT', this.listener);
    process.on('SIGTERM', this.listener);
  }

  stop() {
    process.off('SIGINT', this.listener);
    process.off('SIGTERM', this.listener);
  }
}
