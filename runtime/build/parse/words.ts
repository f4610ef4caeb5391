/** Words of the forms that instructions take: JSON arrays, `name=value` pairs, plain words. */

import { SyntaxMistake } from './errors.js';

/** The strings of a JSON array; undefined when the text is not one. Throws when it holds anything but strings. */
export function jsonStrings(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  if (!parsed.every((item) => typeof item === 'string')) {
    throw new SyntaxMistake('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return parsed;
}

export function plainWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Splits at blanks outside of quotes; quotes and escapes stay, for the expansion to see. */
export function quotedWords(text: string, escapeToken: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let position = 0; position < text.length; position++) {
    const char = text[position]!;
    if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += char;
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === escapeToken && quote !== "'" && position + 1 < text.length) word += text[++position];
  }
  if (word !== '') words.push(word);
  return words;
}

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** `a=b "c d"=e`, or the old form `name all the rest`. Throws a sentence for anything else. */
export function nameValues(text: string, keyword: string, escapeToken: string): Pair[] {
  const words = quotedWords(text, escapeToken);
  if (words.length === 0) return [];
  if (!words[0]!.includes('=')) return [oldForm(text, keyword)];
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0)
      throw new SyntaxMistake(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    return { key: word.slice(0, at), value: word.slice(at + 1) };
  });
}

function oldForm(text: string, keyword: string): Pair {
  const match = /^(\S+)\s+([\s\S]*)$/.exec(text.trim());
  if (match === null) throw new SyntaxMistake(`${keyword} must have two arguments`);
  return { key: match[1]!, value: match[2]! };
}
