/**
 * Takes the flags off the front of an instruction's arguments. A quote or a backslash protects blanks and is
 * removed; a lone `--` ends the flags (as BuildKit's line parser does).
 */
export function takeFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && isSpace(text[position]!)) position++;
    if (!text.startsWith('--', position)) return { flags, rest: text.slice(position) };
    const { word, end } = readWord(text, position);
    position = end;
    if (word === '--') return { flags, rest: text.slice(position).trimStart() };
    flags.push(word);
  }
}

function readWord(text: string, start: number): { word: string; end: number } {
  let word = '';
  let quote = '';
  let position = start;
  for (; position < text.length; position++) {
    const char = text[position]!;
    if (quote === '' && isSpace(char)) break;
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === '\\' && position + 1 < text.length) word += text[++position];
    else word += char;
  }
  return { word, end: position };
}

function isSpace(char: string): boolean {
  return /\s/.test(char);
}
