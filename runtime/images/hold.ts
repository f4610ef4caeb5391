/** What running work needs though nothing refers to it yet: kept back from being collected. */
export class Holds {
  readonly #counts = new Map<string, number>();
  readonly #fresh = new Map<string, number>();

  constructor(
    private readonly freshMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Until the returned function is called. */
  hold(ids: readonly string[]): () => void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    let released = false;
    return () => {
      if (!released) for (const id of ids) this.#release(id);
      released = true;
    };
  }

  /** For a while: a layer just made, which its build is about to use. */
  holdFresh(id: string): void {
    this.#fresh.set(id, this.now() + this.freshMs);
  }

  /** Something refers to them now. */
  used(ids: readonly string[]): void {
    for (const id of ids) this.#fresh.delete(id);
  }

  held(): ReadonlySet<string> {
    for (const [id, until] of this.#fresh) if (until < this.now()) this.#fresh.delete(id);
    return new Set([...this.#counts.keys(), ...this.#fresh.keys()]);
  }

  #release(id: string): void {
    const left = (this.#counts.get(id) ?? 0) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}
