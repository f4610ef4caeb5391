/**
 * A command written as one text, split into its words. No shell is involved: quotes and backslashes are honoured, `$(…)` and
 * backquotes are kept as they are written, and at `;`, `&`, `|`, `<` or `>` the command ends, as with docker compose.
 */

export interface ShellWords {
  readonly words: readonly string[];
  /** Where an operator of the shell cut the command off. */
  readonly cutAt?: number;
}

interface State {
  word: string;
  /** There is a word, be it the empty one. */
  started: boolean;
  escaped: boolean;
  quote: '' | "'" | '"' | '`' | '$(';
}

/** Undefined for a command with an open quote or a parenthesis out of place. */
export function shellWords(text: string): ShellWords | undefined {
  const words: string[] = [];
  const state: State = { word: '', started: false, escaped: false, quote: '' };
  let cutAt: number | undefined;
  let index = 0;
  for (const char of text) {
    if (state.quote === '' && !state.escaped && ';&|<>'.includes(char)) {
      // `2>` redirects: the number is no word.
      if (char === '>' && /^\d/.test(state.word)) state.started = false;
      cutAt = index;
      break;
    }
    if (!take(char, state, words)) return undefined;
    index += char.length;
  }
  if (state.escaped || state.quote !== '') return undefined;
  if (state.started) words.push(state.word);
  return cutAt === undefined ? { words } : { words, cutAt };
}

/** False where the text makes no sense. */
function take(char: string, state: State, words: string[]): boolean {
  const { quote } = state;
  if (state.escaped) {
    state.escaped = false;
    return keep(char, state);
  }
  if (char === '\\' && quote !== "'") {
    state.escaped = true;
    return true;
  }
  if (quote === '' && /[ \t\r\n]/.test(char)) {
    if (state.started) words.push(state.word);
    state.word = '';
    state.started = false;
    return true;
  }
  return takeQuote(char, state) ?? keep(char, state);
}

function keep(char: string, state: State): true {
  state.word += char;
  state.started = true;
  return true;
}

/** Undefined: the character is no quote here. */
function takeQuote(char: string, state: State): boolean | undefined {
  const { quote } = state;
  if (char === "'" || char === '"') {
    if (quote !== '' && quote !== char) return undefined;
    state.quote = quote === '' ? char : '';
    state.started = true;
    return true;
  }
  if (char === '`' && (quote === '' || quote === '`')) {
    state.quote = quote === '' ? '`' : '';
    return keep(char, state);
  }
  if (char === '(' && (quote === '' || quote === '$(')) {
    if (quote === '$(' || !state.word.endsWith('$')) return false;
    state.quote = '$(';
    return keep(char, state);
  }
  if (char === ')' && (quote === '' || quote === '$(')) {
    if (quote === '') return false;
    state.quote = '';
    return keep(char, state);
  }
  return undefined;
}
