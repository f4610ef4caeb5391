import { mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Change, Journal } from './journal.js';
import type { Store, Table } from './types.js';

/**
 * The one embedded store of an engine: a folder of lmdb with a journal before it. Writes survive the death of this
 * process from the moment their promise resolves: they are in the journal, and a little later, with what else was
 * written to the same records until then, in lmdb, whose commits wait for the disk. Records are few and small, so each
 * table is also held in memory: reads are look-ups, and see a write at once.
 * Throws lmdb's error when the folder cannot be opened.
 */
export function openStore(directory: string): Store {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const root = open({ path: directory, maxDbs: 32, encoding: 'msgpack', noSubdir: false });
  return new LmdbStore(root, new Journal(directory));
}

/** The table with the last entry of the journal that lmdb has, by the id `put away`. */
const PROGRESS = ' journal';
/** A container that is made, started and ended within it is written once. */
const BEHIND_MS = 50;

class LmdbStore implements Store {
  readonly #root: RootDatabase;
  readonly #journal: Journal;
  readonly #tables = new Map<string, MemoryTable>();
  readonly #databases = new Map<string, Database<unknown, string>>();
  /** Changes of the transaction that is being described, if any. */
  #collecting: Change[] | undefined;
  /** Not in lmdb yet, the last for each record. */
  #behind = new Map<string, Change>();
  #sequence: number;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  constructor(root: RootDatabase, journal: Journal) {
    this.#root = root;
    this.#journal = journal;
    this.#sequence = (this.#database(PROGRESS).get('put away') as number | undefined) ?? 0;
    this.#recover();
  }

  table<T>(name: string): Table<T> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      const rows = [...this.#database(name).getRange()].map(({ key, value }) => [key, value] as const);
      table = new MemoryTable(new Map(rows), (id, value) => this.#write([name, id, value]));
      this.#tables.set(name, table);
    }
    return table as unknown as Table<T>;
  }

  /** `work` describes the writes; when it throws, none of them happens. It must not wait for anything. */
  async transaction(work: () => void): Promise<void> {
    const outer = this.#collecting;
    const changes: Change[] = [];
    this.#collecting = changes;
    try {
      work();
    } finally {
      this.#collecting = outer;
    }
    if (outer === undefined) this.#commit(changes);
    else outer.push(...changes);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flushing?.catch(() => undefined);
    try {
      await this.#flush();
    } finally {
      clearTimeout(this.#timer);
      this.#journal.close();
      await this.#root.close();
    }
  }

  #write(change: Change): void {
    if (this.#collecting === undefined) this.#commit([change]);
    else this.#collecting.push(change);
  }

  #commit(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#journal.append({ sequence: this.#sequence + 1, changes });
    this.#sequence++;
    for (const change of changes) {
      const [name, id, value] = change;
      this.#tables.get(name)?.remember(id, value);
      this.#behind.set(`${name} ${id}`, change);
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flushing = this.#flush()
        // They stay behind, in memory and in the journal, until it can be done.
        .catch(() => undefined)
        .finally(() => {
          this.#flushing = undefined;
          if (this.#behind.size > 0) this.#flushSoon();
        });
    }, BEHIND_MS);
    this.#timer.unref();
  }

  async #flush(): Promise<void> {
    const changes = this.#behind;
    const sequence = this.#sequence;
    if (changes.size === 0) return;
    this.#behind = new Map();
    this.#journal.turn();
    try {
      await this.#root.batch(() => {
        for (const [name, id, value] of changes.values()) {
          const database = this.#database(name);
          void (value === undefined ? database.remove(id) : database.put(id, value));
        }
        void this.#database(PROGRESS).put('put away', sequence);
      });
    } catch (error) {
      this.#behind = new Map([...changes, ...this.#behind]);
      throw error;
    }
    this.#journal.putAway(sequence);
  }

  /** What an engine wrote that was killed before lmdb had it. */
  #recover(): void {
    const { entries, last } = this.#journal.read(this.#sequence);
    if (last <= this.#sequence) return;
    this.#sequence = last;
    const changes = entries.flatMap((entry) => entry.changes);
    for (const [name] of changes) this.#database(name);
    this.#root.transactionSync(() => {
      for (const [name, id, value] of changes) {
        if (value === undefined) this.#database(name).removeSync(id);
        else this.#database(name).putSync(id, value);
      }
      this.#database(PROGRESS).putSync('put away', this.#sequence);
    });
  }

  #database(name: string): Database<unknown, string> {
    let database = this.#databases.get(name);
    if (database === undefined) {
      database = this.#root.openDB<unknown, string>({ name });
      this.#databases.set(name, database);
    }
    return database;
  }
}

class MemoryTable implements Table<unknown> {
  readonly #rows: Map<string, unknown>;
  readonly #write: (id: string, value: unknown) => void;

  constructor(rows: Map<string, unknown>, write: (id: string, value: unknown) => void) {
    this.#rows = rows;
    this.#write = write;
  }

  get(id: string): unknown {
    return this.#rows.get(id);
  }

  all(): { id: string; value: unknown }[] {
    return [...this.#rows].map(([id, value]) => ({ id, value }));
  }

  async put(id: string, value: unknown): Promise<void> {
    if (value === undefined) throw new Error(`a record cannot be undefined: ${id}`);
    this.#write(id, value);
  }

  async remove(id: string): Promise<void> {
    this.#write(id, undefined);
  }

  remember(id: string, value: unknown): void {
    if (value === undefined) this.#rows.delete(id);
    else this.#rows.set(id, value);
  }
}
