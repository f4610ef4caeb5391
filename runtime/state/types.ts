/** One kind of record, by id. Reads are synchronous and see every write made before in this process. */
export interface Table<T> {
  get(id: string): T | undefined;
  /** Every record, in no particular order. */
  all(): { readonly id: string; readonly value: T }[];
  /** Resolves when the next process that opens the store would see it, whatever happens to this one. */
  put(id: string, value: T): Promise<void>;
  remove(id: string): Promise<void>;
}

/**
 * What must survive the engine. State knows nothing of what the records mean: each room declares its own record type
 * and opens its table by name. A record carries its own format version where it may change.
 */
export interface Store {
  table<T>(name: string): Table<T>;
  /** All or nothing. */
  transaction(work: () => void): Promise<void>;
  close(): Promise<void>;
}
