import { didYouMean } from '../parse/suggest.js';

type Kind = 'text' | 'list' | 'bool';

/** The flags that an instruction knows, each with what it takes. */
export type FlagTypes = Readonly<Record<string, Kind>>;

export class Flags {
  private readonly values: ReadonlyMap<string, readonly string[]>;

  /** Throws sentences: unknown flags (with a suggestion), doubled ones, a missing value. */
  constructor(raw: readonly string[], types: FlagTypes) {
    const values = new Map<string, string[]>();
    for (const flag of raw) {
      const { name, value } = split(flag);
      const kind = Object.hasOwn(types, name) ? types[name] : undefined;
      if (kind === undefined) throw new Error(`unknown flag: --${name}${didYouMean(name, Object.keys(types))}`);
      if (value === undefined && kind !== 'bool') throw new Error(`missing a value on flag: --${name}`);
      if (values.has(name) && kind !== 'list') throw new Error(`duplicate flag specified: --${name}`);
      values.set(name, [...(values.get(name) ?? []), value ?? 'true']);
    }
    this.values = values;
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  list(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  bool(name: string): boolean {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined || value === 'false') return false;
    if (value === 'true') return true;
    throw new Error(`expecting boolean value for flag --${name}, not: ${value}`);
  }
}

function split(flag: string): { name: string; value: string | undefined } {
  const at = flag.indexOf('=');
  return at < 0 ? { name: flag.slice(2), value: undefined } : { name: flag.slice(2, at), value: flag.slice(at + 1) };
}
