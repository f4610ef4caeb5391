/**
 * Variables, quotes and escapes as the Dockerfile reference has them ("Environment replacement"). Pure.
 * One scanner serves whole values (`processWord`) and lists of words (`processWords`).
 */
import { replacePattern, stripPrefix, stripSuffix } from './pattern.js';

/** A variable's value; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

export interface ExpandOptions {
  readonly escapeToken: string;
  /** Leaves `$name` as written when it is not set, instead of nothing. */
  readonly keepUnset?: boolean;
  /** Keeps quotes and escapes in the result. */
  readonly raw?: boolean;
  /** Quotes are characters like others (the text of a heredoc); escapes still work. */
  readonly plainQuotes?: boolean;
}

/** One value; blanks in it stay. Throws a sentence for a quote or brace that is not closed. */
export function processWord(text: string, variables: Variables, options: ExpandOptions): string {
  return new Scanner(text, variables, options).run().value;
}

/** Split at blanks outside of quotes, also at blanks that an unquoted variable brought. */
export function processWords(text: string, variables: Variables, options: ExpandOptions): string[] {
  return new Scanner(text, variables, options).run().words;
}

const SPECIAL = /[@*#?\-$!0]/;

class Scanner {
  private position = 0;
  private readonly words: string[] = [];
  private word = '';
  /** Inside braces nothing splits: what comes out of them does. */
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly variables: Variables,
    private readonly options: ExpandOptions,
  ) {}

  run(): { value: string; words: string[] } {
    const value = this.until('');
    this.endWord();
    return { value, words: this.words };
  }

  /** Reads up to one of the stop characters, which it consumes; to the end when there is none. */
  private until(stop: string): string {
    let value = '';
    while (this.position < this.text.length) {
      const char = this.text[this.position]!;
      if (stop !== '' && char === stop) {
        this.position++;
        return value;
      }
      value += this.one(char);
    }
    if (stop !== '') throw new Error(`syntax error: missing '${stop}' in \${`);
    return value;
  }

  private one(char: string): string {
    const quotes = this.options.plainQuotes !== true;
    if (quotes && char === "'") return this.protect(this.singleQuoted());
    if (quotes && char === '"') return this.protect(this.doubleQuoted());
    if (char === '$') return this.splittable(this.dollar());
    this.position++;
    if (char !== this.options.escapeToken) return this.splittable(char);
    const next = this.text[this.position];
    if (next === undefined) return this.options.raw ? this.protect(char) : '';
    this.position++;
    return this.protect(this.options.raw ? char + next : next);
  }

  private protect(text: string): string {
    if (this.depth === 0) this.word += text;
    return text;
  }

  private splittable(text: string): string {
    if (this.depth > 0) return text;
    for (const char of text) {
      if (/\s/.test(char)) this.endWord();
      else this.word += char;
    }
    return text;
  }

  private endWord(): void {
    if (this.word !== '') this.words.push(this.word);
    this.word = '';
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.position + 1);
    if (end < 0) throw new Error('unexpected end of statement while looking for matching single-quote');
    const inner = this.text.slice(this.position + 1, end);
    this.position = end + 1;
    return this.options.raw ? `'${inner}'` : inner;
  }

  private doubleQuoted(): string {
    const raw = this.options.raw === true;
    let value = raw ? '"' : '';
    this.position++;
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) throw new Error('unexpected end of statement while looking for matching double-quote');
      if (char === '"') {
        this.position++;
        return raw ? `${value}"` : value;
      }
      value += char === '$' ? this.dollar() : this.inDoubleQuotes(char);
    }
  }

  private inDoubleQuotes(char: string): string {
    this.position++;
    if (char !== this.options.escapeToken) return char;
    const next = this.text[this.position];
    if (next === undefined) throw new Error('unexpected end of statement while looking for matching double-quote');
    this.position++;
    const escapes = next === '"' || next === '$' || next === this.options.escapeToken;
    return escapes && !this.options.raw ? next : char + next;
  }

  private dollar(): string {
    const start = this.position++;
    if (this.text[this.position] !== '{') {
      const name = this.name();
      if (name === '') return '$';
      return this.variables(name) ?? (this.options.keepUnset ? `$${name}` : '');
    }
    this.position++;
    const name = this.name();
    if (name === '') throw new Error('syntax error: bad substitution');
    this.depth++;
    const value = this.braced(name);
    this.depth--;
    return value ?? (this.options.keepUnset ? this.text.slice(start, this.position) : '');
  }

  /** After `${name`; reads through the closing brace. Undefined when the variable is not set and nothing replaces it. */
  private braced(name: string): string | undefined {
    const value = this.variables(name);
    const char = this.text[this.position++];
    if (char === '}') return value;
    if (char === ':') return this.defaulted(name, value, this.text[this.position++], true);
    if (char === '+' || char === '-' || char === '?') return this.defaulted(name, value, char, false);
    if (char === '#' || char === '%') return this.stripped(value, char);
    if (char === '/') return this.replaced(value);
    // At the end of the text BuildKit names the character that stands for none.
    throw new Error(`unsupported modifier (${char ?? '\ufffd'}) in substitution`);
  }

  private defaulted(name: string, value: string | undefined, modifier: string | undefined, colon: boolean) {
    if (modifier === undefined || !'+-?'.includes(modifier)) {
      throw new Error(`unsupported modifier (${colon ? ':' : ''}${modifier ?? ''}) in substitution`);
    }
    const word = this.until('}');
    const present = value !== undefined && !(colon && value === '');
    if (modifier === '+') return present ? word : '';
    if (present) return value;
    if (modifier === '-') return word;
    throw new Error(`${name}: ${word || (colon ? 'is not allowed to be empty' : 'is not allowed to be unset')}`);
  }

  private stripped(value: string | undefined, char: '#' | '%'): string | undefined {
    const longest = this.text[this.position] === char;
    if (longest) this.position++;
    const pattern = this.pattern('}');
    if (value === undefined) return undefined;
    return char === '#' ? stripPrefix(value, pattern, longest) : stripSuffix(value, pattern, longest);
  }

  private replaced(value: string | undefined): string | undefined {
    const all = this.text[this.position] === '/';
    if (all) this.position++;
    const pattern = this.pattern('/');
    const replacement = this.until('}');
    return value === undefined ? undefined : replacePattern(value, pattern, replacement, all);
  }

  /** A pattern keeps its escapes, so that `\*` stays a plain star. */
  private pattern(stop: string): string {
    let value = '';
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) throw new Error(`syntax error: missing '${stop}' in \${`);
      if (char === this.options.escapeToken && this.position + 1 < this.text.length) {
        value += `\\${this.text[this.position + 1]}`;
        this.position += 2;
      } else if (char === stop) {
        this.position++;
        return value;
      } else value += this.one(char);
    }
  }

  private name(): string {
    const rest = this.text.slice(this.position);
    const match = /^([A-Za-z_][A-Za-z0-9_]*|[1-9][0-9]*)/.exec(rest);
    const name = match?.[0] ?? (rest !== '' && SPECIAL.test(rest[0]!) ? rest[0]! : '');
    this.position += name.length;
    return name;
  }
}
