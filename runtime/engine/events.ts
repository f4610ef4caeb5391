import { nowNs } from './time.js';

export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder' | 'plugin';

/** Docker's event, in the wire's key names. */
export interface EngineEvent {
  readonly Type: EventType;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  /** Seconds since the epoch. */
  readonly time: number;
  readonly timeNano: bigint;
}

/** As many as Docker's daemon remembers times four: `since` replays only these. */
const HISTORY = 1024;

/** What happens, told to whoever listens; remembers the last ones. */
export class EventBus {
  readonly #history: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();

  publish(type: EventType, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const timeNano = nowNs();
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Number(timeNano / 1_000_000_000n),
      timeNano,
    };
    this.#history.push(event);
    if (this.#history.length > HISTORY) this.#history.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** What is remembered between two times in nanoseconds, both included. */
  history(sinceNs: bigint, untilNs?: bigint): EngineEvent[] {
    return this.#history.filter(
      (event) => event.timeNano >= sinceNs && (untilNs === undefined || event.timeNano <= untilNs),
    );
  }

  /** Returns how to stop listening. */
  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
