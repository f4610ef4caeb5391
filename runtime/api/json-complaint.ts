/** What is wrong with a JSON text, in the words of Go's encoding/json (scanner.go), which clients and their tests match. */

/** `sentence`: the first wrong character; `ended`: the text ends too early; `trailing`: something follows the value, which ends at `end`. */
export type JsonComplaint =
  | { readonly kind: 'ended' }
  | { readonly kind: 'trailing'; readonly end: number; readonly next: string }
  | { readonly kind: 'sentence'; readonly text: string };

/** Of a text that JSON.parse refuses. */
export function jsonComplaint(text: string): JsonComplaint {
  try {
    const scanner = new Scanner(text);
    scanner.value();
    return { kind: 'trailing', ...scanner.rest() };
  } catch (error) {
    if (error instanceof Wrong) return error.complaint;
    // The stack is full.
    if (error instanceof RangeError) return { kind: 'sentence', text: 'exceeded max depth' };
    throw error;
  }
}

class Wrong extends Error {
  constructor(readonly complaint: JsonComplaint) {
    super();
  }
}

const ESCAPES = '"\\/bfnrt';
const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Where it is, and the first character behind white space. */
  rest(): { end: number; next: string } {
    return { end: this.at, next: this.text.slice(this.at).trimStart().charAt(0) };
  }

  value(): void {
    const first = this.afterSpace();
    const literal = LITERALS[first];
    if (first === '{') this.object();
    else if (first === '[') this.array();
    else if (first === '"') this.string();
    else if (/[-\d]/.test(first)) this.number();
    else if (literal !== undefined) this.literal(literal);
    else this.refuse('looking for beginning of value');
  }

  private object(): void {
    this.entries('}', 'after object key:value pair', () => {
      if (this.afterSpace() !== '"') this.refuse('looking for beginning of object key string');
      this.string();
      if (this.afterSpace() !== ':') this.refuse('after object key');
      this.at++;
      this.value();
    });
  }

  private array(): void {
    this.entries(']', 'after array element', () => this.value());
  }

  private entries(end: string, behind: string, entry: () => void): void {
    this.at++;
    let isOver = this.afterSpace() === end;
    if (isOver) this.at++;
    while (!isOver) {
      entry();
      const next = this.afterSpace();
      if (next !== ',' && next !== end) this.refuse(behind);
      this.at++;
      isOver = next === end;
    }
  }

  private string(): void {
    for (this.at++; this.here() !== '"'; this.at++) {
      if (this.here() < ' ') this.refuse('in string literal');
      if (this.here() !== '\\') continue;
      this.at++;
      if (this.here() === 'u') this.hexadecimal();
      else if (!ESCAPES.includes(this.here())) this.refuse('in string escape code');
    }
    this.at++;
  }

  private hexadecimal(): void {
    for (let digit = 0; digit < 4; digit++) {
      this.at++;
      if (!/[\da-f]/i.test(this.here())) this.refuse('in \\u hexadecimal character escape');
    }
  }

  private number(): void {
    if (this.here() === '-') this.at++;
    if (this.here() === '0') this.at++;
    else this.digits('in numeric literal');
    if (this.text[this.at] === '.') {
      this.at++;
      this.digits('after decimal point in numeric literal');
    }
    if (!/[eE]/.test(this.text[this.at] ?? '')) return;
    this.at++;
    if (/[-+]/.test(this.here())) this.at++;
    this.digits('in exponent of numeric literal');
  }

  private digits(where: string): void {
    if (!/\d/.test(this.here())) this.refuse(where);
    while (/\d/.test(this.text[this.at] ?? '')) this.at++;
  }

  private literal(word: string): void {
    for (const letter of word) {
      if (this.here() !== letter) this.refuse(`in literal ${word} (expecting '${letter}')`);
      this.at++;
    }
  }

  private afterSpace(): string {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at++;
    return this.here();
  }

  private here(): string {
    const character = this.text[this.at];
    if (character === undefined) throw new Wrong({ kind: 'ended' });
    return character;
  }

  private refuse(where: string): never {
    throw new Wrong({ kind: 'sentence', text: `invalid character ${quoted(this.here())} ${where}` });
  }
}

/** As strconv.Quote between single quotes. */
function quoted(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return `'"'`;
  return `'${JSON.stringify(character).slice(1, -1)}'`;
}
