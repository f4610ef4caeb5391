/** `--chmod`: octal, or symbolic clauses as chmod(1) takes them. */

export interface ModeChange {
  (mode: number, isDirectory: boolean): number;
  /** Says all bits, whatever they were before. */
  readonly absolute: boolean;
}

type Change = (mode: number, isDirectory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const SHIFT = { u: 6, g: 3, o: 0 } as const;

/** Throws a sentence for what is neither. */
export function parseModeChange(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= 0o7777) return Object.assign(() => mode, { absolute: true });
  }
  const clauses = text.split(',').map((clause) => parseClause(clause, text));
  const change: Change = (mode, isDirectory) => clauses.reduce((current, clause) => clause(current, isDirectory), mode);
  return Object.assign(change, { absolute: false });
}

function parseClause(clause: string, whole: string): Change {
  const match = CLAUSE.exec(clause);
  if (match === null) {
    throw new Error(`invalid chmod parameter: '${whole}'. it should be octal string and between 0 and 07777`);
  }
  const who = match[1] === '' || match[1]!.includes('a') ? 'ugo' : match[1]!;
  const actions = [...match[2]!.matchAll(/([-+=])([rwxXstugo]*)/g)];
  return (mode, isDirectory) =>
    actions.reduce((current, [, operator, what]) => change(current, isDirectory, who, operator!, what!), mode);
}

function change(mode: number, isDirectory: boolean, who: string, operator: string, what: string): number {
  let result = mode;
  for (const person of who as Iterable<'u' | 'g' | 'o'>) {
    const bits = (permission(mode, isDirectory, what) << SHIFT[person]) | special(person, what);
    const all = (0o7 << SHIFT[person]) | special(person, 'st');
    if (operator === '+') result |= bits;
    else if (operator === '-') result &= ~bits;
    else result = (result & ~all) | bits;
  }
  return result;
}

function permission(mode: number, isDirectory: boolean, what: string): number {
  if (what === 'u' || what === 'g' || what === 'o') return (mode >> SHIFT[what]) & 0o7;
  let bits = 0;
  if (what.includes('r')) bits |= 4;
  if (what.includes('w')) bits |= 2;
  if (what.includes('x') || (what.includes('X') && (isDirectory || (mode & 0o111) !== 0))) bits |= 1;
  return bits;
}

function special(person: 'u' | 'g' | 'o', what: string): number {
  if (person === 'o') return what.includes('t') ? 0o1000 : 0;
  return what.includes('s') ? (person === 'u' ? 0o4000 : 0o2000) : 0;
}
