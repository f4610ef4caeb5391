/**
 * `$NAME`, `${NAME}` and the forms with a default, a requirement or a replacement, nested at will, as the section
 * "Interpolation" of the Compose Specification and its reference implementation have them.
 */

/** The value of a variable, undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Substitution {
  readonly lookup: Lookup;
  /** Told of each variable that is not set and has no default. */
  readonly missing?: (name: string) => void;
}

/** Why a template has no value. */
export class TemplateError extends Error {
  constructor(
    readonly reason: 'invalid' | 'required',
    message: string,
    /** For `required`: the variable that has to be set. */
    readonly variable = '',
  ) {
    super(message);
    this.name = 'TemplateError';
  }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const BRACED = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?$/;

/** The text with its variables filled in; `$$` gives one `$`. Throws TemplateError. */
export function substitute(text: string, substitution: Substitution): string {
  let dollar = text.indexOf('$');
  if (dollar === -1) return text;
  let result = '';
  let from = 0;
  while (dollar !== -1) {
    result += text.slice(from, dollar);
    const piece = pieceAt(text, dollar, substitution);
    result += piece.value;
    from = piece.end;
    dollar = text.indexOf('$', from);
  }
  return result + text.slice(from);
}

/** What stands for the `$` at `dollar`, and where the text goes on. */
function pieceAt(text: string, dollar: number, substitution: Substitution): { value: string; end: number } {
  const next = text[dollar + 1];
  if (next === '$') return { value: '$', end: dollar + 2 };
  if (next === '{') {
    const close = closingBrace(text, dollar);
    if (close === -1) throw invalid(text.slice(dollar));
    const inside = BRACED.exec(text.slice(dollar + 2, close));
    if (!inside) throw invalid(text.slice(dollar, close + 1));
    return { value: bracedValue(inside[1]!, inside[2], inside[3] ?? '', substitution), end: close + 1 };
  }
  NAME.lastIndex = dollar + 1;
  const name = NAME.exec(text)?.[0];
  // A dollar before anything else (`$1`, `a $ b`) is just a dollar.
  if (name === undefined) return { value: '$', end: dollar + 1 };
  return { value: valueOrBlank(name, substitution), end: dollar + 1 + name.length };
}

function bracedValue(name: string, operator: string | undefined, word: string, substitution: Substitution): string {
  if (operator === undefined) return valueOrBlank(name, substitution);
  const value = substitution.lookup(name);
  const present = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('+')) return present ? substitute(word, substitution) : '';
  if (present) return value;
  if (operator.endsWith('-')) return substitute(word, substitution);
  const why = substitute(word, substitution);
  const state = value === '' ? 'is empty' : 'is not set';
  throw new TemplateError('required', `the variable ${name}, which ${state}${why === '' ? '' : `: ${why}`}`, name);
}

function valueOrBlank(name: string, substitution: Substitution): string {
  const value = substitution.lookup(name);
  if (value === undefined) substitution.missing?.(name);
  return value ?? '';
}

/** The brace that closes the `${` at `dollar`; only a nested `${` opens another. -1: there is none. */
function closingBrace(text: string, dollar: number): number {
  let open = 0;
  for (let at = dollar; at < text.length; at += 1) {
    if (text[at] === '}') {
      open -= 1;
      if (open === 0) return at;
    } else if (text[at] === '$' && text[at + 1] === '{') {
      open += 1;
      at += 1;
    }
  }
  return -1;
}

const invalid = (form: string): TemplateError =>
  new TemplateError('invalid', `a variable that cannot be read: ${form}`);
