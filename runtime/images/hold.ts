/** What running work needs though nothing refers to it yet: kept back from being collected. */
export class Holds {
  readonly #counts = new Map<string, number>();
  readonly #keepers = new Set<Set<string>>();

  /** Until the returned function is called. */
  hold(ids: readonly string[]): () => void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    for (const keeper of this.#keepers) for (const id of ids) keeper.add(id);
    let released = false;
    return () => {
      if (!released) for (const id of ids) this.#release(id);
      released = true;
    };
  }

  /** Whatever is held by anybody from now on stays so until the returned function is called. */
  keepNew(): () => void {
    const keeper = new Set<string>();
    this.#keepers.add(keeper);
    return () => void this.#keepers.delete(keeper);
  }

  held(): ReadonlySet<string> {
    return new Set([...this.#counts.keys(), ...[...this.#keepers].flatMap((keeper) => [...keeper])]);
  }

  #release(id: string): void {
    const left = (this.#counts.get(id) ?? 0) - 1;
    if (left > 0) this.#counts.set(id, left);
    else this.#counts.delete(id);
  }
}
