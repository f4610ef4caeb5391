/** Words of an action of a Go template. */
import { UserError } from '../../errors.js';

export type Token = { readonly text: string } & (
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'word' | '|' | '(' | ')' }
  | {
      readonly kind: 'path';
      readonly root: '.' | '$' | string;
      readonly names: readonly string[];
      /** Nothing stands between it and the word before. */
      readonly joined: boolean;
    }
);

const patterns =
  /\s+|("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?)\b|(\$\w*(?:\.\w+)*|(?:\.\w+)+|\.)|([A-Za-z_]\w*)|([|()])|(.)/gsu;

/** Throws UserError `bad-template`. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let blank = true;
  for (const match of text.matchAll(patterns)) {
    const [whole, quoted, number, path, word, sign, other] = match;
    if (other !== undefined) throw unexpected(other, text);
    const token: Token | undefined = quoted
      ? ({ kind: 'value', text: whole, value: unquote(quoted) } as const)
      : number
        ? ({ kind: 'value', text: whole, value: Number(number) } as const)
        : path
          ? pathOf(path, !blank)
          : word
            ? wordOf(word)
            : sign
              ? ({ kind: sign as '|' | '(' | ')', text: sign } as const)
              : undefined;
    blank = token === undefined;
    if (token) tokens.push(token);
  }
  return tokens;
}

function pathOf(text: string, joined: boolean): Token {
  const [first, ...names] = text.split('.');
  return { kind: 'path', text, root: first === '' ? '.' : first!, names: names.filter(Boolean), joined };
}

function wordOf(text: string): Token {
  if (text === 'true' || text === 'false') return { kind: 'value', text, value: text === 'true' };
  return text === 'nil' ? { kind: 'value', text, value: null } : { kind: 'word', text };
}

function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return JSON.parse(text.replaceAll('\t', '\\t').replaceAll('\n', '\\n')) as string;
}

const unexpected = (char: string, text: string): UserError =>
  new UserError('bad-template', `template parsing error: unexpected "${char}" in {{${text.trim()}}}`);
