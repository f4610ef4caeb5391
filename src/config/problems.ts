/** Everything that is wrong with a config, gathered so that a person sees all of it at once. */
import { UserError, UserErrors } from '../errors.js';
import { locationOf, type Mark } from './read/source.js';

export interface Warning {
  readonly text: string;
  readonly at?: Mark;
}

/** Owned by one load; the stages add to it. */
export class Problems {
  readonly #errors: UserError[] = [];
  readonly #warnings: Warning[] = [];

  add(code: string, sentence: string, at?: Mark, nextSteps: readonly string[] = []): void {
    this.addError(problem(code, sentence, at, nextSteps));
  }

  addError(error: UserError): void {
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

  /** Runs a step that throws its first mistake, and keeps that mistake. Anything but a UserError is a bug and goes on up. */
  attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
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
  return new UserError(code, sentence, nextSteps, at === undefined ? undefined : locationOf(at));
}

const sameplace = (a: UserError, b: UserError): boolean =>
  a.location?.file === b.location?.file &&
  a.location?.line === b.location?.line &&
  a.location?.column === b.location?.column;
