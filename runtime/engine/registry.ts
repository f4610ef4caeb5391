import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import { linkTarget } from './links.js';

/** All containers, found as Docker finds them: whole id, name, unique prefix of an id. */
export class ContainerRegistry {
  readonly #byId = new Map<string, Container>();
  /** Names are held from before a container exists until after it is gone. */
  readonly #byName = new Map<string, string>();

  all(): Container[] {
    return [...this.#byId.values()];
  }

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container.id);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    this.release(container.name, container.id);
  }

  /** Throws `conflict` when another one has the name. */
  reserve(name: string, id: string): void {
    const holder = this.#byName.get(name);
    if (holder === undefined || holder === id) {
      this.#byName.set(name, id);
      return;
    }
    throw new EngineError(
      'conflict',
      `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  }

  release(name: string, id: string): void {
    if (this.#byName.get(name) === id) this.#byName.delete(name);
  }

  isTaken(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Throws `invalid` for a prefix of several. */
  find(reference: string): Container | undefined {
    const exact = this.#byId.get(reference) ?? this.#named(reference) ?? this.#linked(reference);
    if (exact !== undefined || reference === '' || !/^[0-9a-f]+$/.test(reference)) return exact;
    const matching = this.all().filter((container) => container.id.startsWith(reference));
    if (matching.length > 1) throw new EngineError('invalid', `Multiple IDs found with provided prefix: ${reference}`);
    return matching[0];
  }

  /** `PARENT/ALIAS`: what a link of the parent leads to. */
  #linked(reference: string): Container | undefined {
    const [, name = '', alias = ''] = /^\/?([^/]+)\/([^/]+)$/.exec(reference) ?? [];
    const parent = this.#named(name);
    const target = parent && linkTarget(parent, alias);
    return target === undefined ? undefined : this.find(target);
  }

  /** Throws `not-found`, and `invalid` for no name at all. */
  get(reference: string): Container {
    if (reference === '') throw new EngineError('invalid', 'invalid name or ID supplied: ""');
    const container = this.find(reference);
    if (container === undefined) throw new EngineError('not-found', `No such container: ${reference}`);
    return container;
  }

  #named(reference: string): Container | undefined {
    const id = this.#byName.get(reference.replace(/^\//, ''));
    return id === undefined ? undefined : this.#byId.get(id);
  }
}
