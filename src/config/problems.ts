/** Everything that is wrong with a config, gathered so that a person sees all of it at once. */
import { UserError, UserErrors } from '../errors.js';
import { locationOf, type Mark } from './read/source.js';

export interface Warning {
  readonly text: string;
  readonly at?: Mark;
}

/** A mistake that knows which node of the tree it was found at: two nodes may begin at one place of the text. */
class MarkedError extends UserError {
  constructor(
    code: string,
    sentence: string,
    nextSteps: readonly string[],
    readonly mark: Mark,
  ) {
    super(code, sentence, nextSteps, locationOf(mark));
  }
}

/** Owned by one load; the stages add to it. */
export class Problems {
  readonly #errors: UserError[] = [];
  readonly #warnings: Warning[] = [];
  readonly #broken = new Set<Mark>();
  readonly #silenced = new Set<Mark>();
  readonly #incomplete = new Set<string>();

  add(code: string, sentence: string, at?: Mark, nextSteps: readonly string[] = []): void {
    this.addError(problem(code, sentence, at, nextSteps));
  }

  addError(error: UserError): void {
    if (error instanceof MarkedError) {
      if (this.isSilenced(error.mark)) return;
      this.#broken.add(error.mark);
    }
    const same = this.#errors.some((known) => known.message === error.message && sameplace(known, error));
    if (!same) this.#errors.push(error);
  }

  warn(text: string, at?: Mark): void {
    if (!this.#warnings.some((known) => known.text === text)) this.#warnings.push(at ? { text, at } : { text });
  }

  get errors(): readonly UserError[] {
    return this.#errors;
  }

  get warnings(): readonly Warning[] {
    return this.#warnings;
  }

  get found(): boolean {
    return this.#errors.length > 0;
  }

  /** Whether a mistake was found at this node or key. */
  isBroken(mark: Mark): boolean {
    return this.#broken.has(mark);
  }

  /** These sections could not be read as a whole, so that nobody can tell which names they lack. */
  missing(sections: readonly string[]): void {
    for (const section of sections) this.#incomplete.add(section);
  }

  isIncomplete(section: string): boolean {
    return this.#incomplete.has(section);
  }

  /** Of this node nothing more is to be told. */
  silence(mark: Mark): void {
    this.#silenced.add(mark);
  }

  isSilenced(mark: Mark | undefined): boolean {
    return mark !== undefined && this.#silenced.has(mark);
  }

  /**
   * Runs a step that throws its first mistake, and keeps that mistake. Anything but a UserError is a bug and goes on up.
   * `of` is the node that the step is about, which is then broken.
   */
  attempt<T>(step: () => T, of?: Mark): T | undefined {
    try {
      return step();
    } catch (error) {
      if (of) this.#broken.add(of);
      if (error instanceof UserError) this.addError(error);
      else if (error instanceof UserErrors) for (const one of error.errors) this.addError(one);
      else throw error;
      return undefined;
    }
  }

  /** Throws UserError for one mistake, UserErrors for several, nothing for none. */
  throwIfAny(): void {
    if (this.#errors.length === 1) throw this.#errors[0];
    if (this.#errors.length > 1) throw new UserErrors(inReadingOrder(this.#errors));
  }
}

/** File by file, in the order in which they come up, from top to bottom; what has no place comes first. */
function inReadingOrder(errors: readonly UserError[]): UserError[] {
  const files = new Map<string | undefined, number>([[undefined, -1]]);
  for (const { location } of errors) if (!files.has(location?.file)) files.set(location?.file, files.size);
  const place = ({ location }: UserError): number[] => [
    files.get(location?.file)!,
    location?.line ?? 0,
    location?.column ?? 0,
  ];
  return [...errors].sort((a, b) => {
    const [one, other] = [place(a), place(b)];
    const differs = one.findIndex((value, index) => value !== other[index]);
    return differs === -1 ? 0 : one[differs]! - other[differs]!;
  });
}

/** A mistake at a mark. */
export function problem(code: string, sentence: string, at?: Mark, nextSteps: readonly string[] = []): UserError {
  return at === undefined ? new UserError(code, sentence, nextSteps) : new MarkedError(code, sentence, nextSteps, at);
}

const sameplace = (a: UserError, b: UserError): boolean =>
  a.location?.file === b.location?.file &&
  a.location?.line === b.location?.line &&
  a.location?.column === b.location?.column;
