import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Store, Table } from './types.js';

/**
 * The one embedded store of an engine: a folder of lmdb. Writes are batched by lmdb and survive the death of this
 * process from the moment their promise resolves; the flush to the disk goes on behind it. Records are few and small, so
 * each table is also held in memory: reads are look-ups, and see a write at once.
 * Throws lmdb's error when the folder cannot be opened.
 */
export function openStore(directory: string): Store {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const root = open({ path: directory, maxDbs: 32, encoding: 'msgpack', noSubdir: false });
  return new LmdbStore(root);
}

interface Write {
  readonly table: LmdbTable;
  readonly id: string;
  /** Undefined removes. */
  readonly value: unknown;
}

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #tables = new Map<string, LmdbTable>();
  /** Writes of the transaction that is being described, if any. */
  collecting: Write[] | undefined;

  constructor(root: RootDatabase) {
    this.#root = root;
  }

  table<T>(name: string): Table<T> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new LmdbTable(this, this.#root.openDB<unknown, string>({ name }));
      this.#tables.set(name, table);
    }
    return table as unknown as Table<T>;
  }

  /** `work` describes the writes; when it throws, none of them happens. It must not wait for anything. */
  async transaction(work: () => void): Promise<void> {
    const outer = this.collecting;
    const writes: Write[] = [];
    this.collecting = writes;
    try {
      work();
    } finally {
      this.collecting = outer;
    }
    if (outer !== undefined) {
      outer.push(...writes);
      return;
    }
    for (const { table, id, value } of writes) table.remember(id, value);
    await this.#root.batch(() => {
      for (const { table, id, value } of writes) void table.store(id, value);
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

class LmdbTable implements Table<unknown> {
  readonly #rows: Map<string, unknown>;

  constructor(
    readonly owner: LmdbStore,
    readonly database: Database<unknown, string>,
  ) {
    this.#rows = new Map([...database.getRange()].map(({ key, value }) => [key, value]));
  }

  get(id: string): unknown {
    return this.#rows.get(id);
  }

  all(): { id: string; value: unknown }[] {
    return [...this.#rows].map(([id, value]) => ({ id, value }));
  }

  async put(id: string, value: unknown): Promise<void> {
    if (value === undefined) throw new Error(`a record cannot be undefined: ${id}`);
    await this.#write(id, value);
  }

  async remove(id: string): Promise<void> {
    await this.#write(id, undefined);
  }

  remember(id: string, value: unknown): void {
    if (value === undefined) this.#rows.delete(id);
    else this.#rows.set(id, value);
  }

  store(id: string, value: unknown): Promise<boolean> {
    return value === undefined ? this.database.remove(id) : this.database.put(id, value);
  }

  async #write(id: string, value: unknown): Promise<void> {
    if (this.owner.collecting !== undefined) {
      this.owner.collecting.push({ table: this, id, value });
      return;
    }
    this.remember(id, value);
    await this.store(id, value);
  }
}
